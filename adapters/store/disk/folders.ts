import { lstat, mkdir, rename, rmdir } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import { isWithin } from '../../../core/paths.ts';
import type { Folders } from '../../../core/ports/store.ts';
import { isErrno, unlessMissing } from './errno.ts';
import { objectPath, parentOf } from './layout.ts';
import { listFolder } from './list-folder.ts';
import { statsAt } from './look-up.ts';
import { type Disk, inFolder, requireFolder } from './tree.ts';

export function createFolders(disk: Disk): Folders {
  const pathOf = (key: string): string => objectPath(disk.layout, key);

  return {
    async *list(key) {
      requireFolder(pathOf(key));
      yield* listFolder(disk.layout, pathOf(key));
    },

    async head(key) {
      const path = pathOf(key);
      const stats = statsAt(path);
      if (!stats?.isDirectory()) return undefined;
      requireFolder(path);
      return { modified: stats.mtime };
    },

    async make(key) {
      const path = pathOf(key);
      await inFolder(disk, parentOf(path), () => mkdir(path));
      await disk.syncFolder(parentOf(path));
    },

    async remove(key) {
      const path = pathOf(key);
      requireFolder(path);
      await rmdir(path);
      await disk.syncFolder(parentOf(path));
    },

    async rename(from, to) {
      if (isWithin(to, from)) throw new Fault('bad-argument', 'a folder cannot be moved into itself');
      const [source, target] = [pathOf(from), pathOf(to)];
      requireFolder(source);
      if (!(await lstat(source)).isDirectory()) throw new Fault('not-a-folder');
      // rename() would replace an empty folder: the target is made first, so that only one can have made it.
      await inFolder(disk, parentOf(target), () => mkdir(target));
      try {
        await rename(source, target);
      } catch (thrown) {
        if (isErrno(thrown, 'ENOTEMPTY')) throw new Fault('exists', undefined, { cause: thrown });
        await unlessMissing(rmdir(target));
        throw thrown;
      }
      await Promise.all([disk.syncFolder(parentOf(source)), disk.syncFolder(parentOf(target))]);
    },
  };
}
