import { Fault } from '../../../core/fault.ts';
import { isWithin } from '../../../core/paths.ts';
import type { Entry, Folders } from '../../../core/ports/store.ts';
import { deleteObject } from './delete-object.ts';
import { markerKey } from './layout.ts';
import { listAll, listPages } from './listing.ts';
import { firstBelow, headRaw, wholeSeconds } from './locate.ts';
import type { Names } from './names.ts';
import type { Obstacles } from './obstacles.ts';
import type { Remote } from './remote.ts';
import { isFault, unlessExists } from './s3-fault.ts';

/** Objects of a folder that are moved at the same time. */
const MOVES_AT_ONCE = 8;

/** A listing has no times for the folders in it. */
const NO_TIME = new Date(0);

/**
 * Folders on a store that has none: a folder is there while something is below it, or its marker `folder/` is. Moving
 * one moves all that is in it, one by one: a crash leaves some here and some there, and the same rename goes on.
 */
export function createFolders({ bucket }: Remote, names: Names, obstacles: Obstacles): Folders {
  const removeMarker = (folder: string) => deleteObject(bucket, markerKey(folder));

  /** Why there is no folder. */
  const absence = async (key: string): Promise<Fault> =>
    new Fault((await headRaw(bucket, key)) ? 'not-a-folder' : 'not-found');

  /** Reserves the folder's name for what is moved there from `from`; goes on with a move that was cut short. */
  const reserve = async (to: string, from: string): Promise<void> => {
    const isOurs = async () => (await headRaw(bucket, markerKey(to)))?.movingFrom === from;
    if ((await headRaw(bucket, to)) || ((await firstBelow(bucket, to)) && !(await isOurs()))) {
      throw new Fault('exists');
    }
    await names.mark(to, from).catch(async (thrown: unknown) => {
      unlessExists(thrown);
      if (!(await isOurs())) throw thrown;
    });
  };

  const moveAll = async (from: string, to: string): Promise<void> => {
    const moving = new Set<Promise<void>>();
    for await (const { key } of listAll(bucket, markerKey(from))) {
      if (key === markerKey(from)) continue;
      const target = to + key.slice(from.length);
      const move = (
        key.endsWith('/')
          ? moveMarker(key, target)
          : names.move(key, target, { replace: true, folderGoes: true })
      )
        // Somebody else moved or removed it.
        .catch((thrown: unknown) => {
          if (!isFault(thrown, 'not-found')) throw thrown;
        })
        .finally(() => moving.delete(move));
      moving.add(move);
      if (moving.size >= MOVES_AT_ONCE) await Promise.race(moving);
    }
    await Promise.all(moving);
  };

  const moveMarker = async (marker: string, target: string): Promise<void> => {
    await names.mark(target.slice(0, -1)).catch(unlessExists);
    await removeMarker(marker.slice(0, -1));
  };

  return {
    async *list(key) {
      let found = false;
      for await (const { objects, prefixes } of listPages(bucket, markerKey(key), '/')) {
        found ||= objects.length + prefixes.length > 0;
        for (const object of objects) {
          const name = object.key.slice(key.length + 1);
          if (name === '') continue;
          const { size, modified } = object;
          const entry: Entry = { kind: 'file', name, size, modified: wholeSeconds(modified) };
          yield entry;
        }
        for (const prefix of prefixes) {
          yield { kind: 'folder', name: prefix.slice(key.length + 1, -1), modified: NO_TIME };
        }
      }
      if (!found) throw await absence(key);
    },

    head: obstacles.lookBelow,

    async make(key) {
      const [below, file] = await Promise.all([
        firstBelow(bucket, key),
        headRaw(bucket, key),
        obstacles.requireAbove(key),
      ]);
      if (below || file) throw new Fault('exists');
      await names.mark(key);
    },

    async remove(key) {
      let count = 0;
      for await (const { objects } of listPages(bucket, markerKey(key))) {
        count += objects.length;
        if (objects.some((object) => object.key !== markerKey(key))) throw new Fault('not-empty');
      }
      if (count === 0) throw await absence(key);
      await names.keepParent(key);
      await removeMarker(key);
      obstacles.folderWent();
    },

    async rename(from, to) {
      if (isWithin(to, from)) throw new Fault('bad-argument', 'a folder cannot be moved into itself');
      if (!(await firstBelow(bucket, from))) throw await absence(from);
      await obstacles.requireAbove(to);
      await reserve(to, from);
      await moveAll(from, to);
      await names.keepParent(from);
      await removeMarker(from);
      obstacles.folderWent();
      await names.markWhole(to);
    },
  };
}
