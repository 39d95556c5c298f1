import { mkdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Store } from '../../../core/ports/store.ts';
import { asFault, faulted } from './errno.ts';
import { createFolderSync } from './folder-sync.ts';
import { createFolders } from './folders.ts';
import { layoutOf, parentOf } from './layout.ts';
import { createObjects } from './objects.ts';
import type { Disk } from './tree.ts';
import { createUploads } from './uploads.ts';

interface DiskStoreOptions {
  /** The folder of the store, made as needed; all of it on one file system. Several processes may share it. */
  readonly root: string;
  /** How long what was swept for want of a name can still be found by a name that turns up. Default: a day. */
  readonly quarantineMs?: number;
}

const DAY_MS = 24 * 60 * 60_000;

/** A store in a folder of this machine. Throws `store-down` and `store-full` when the folder cannot be made. */
export async function openDiskStore({ root, quarantineMs = DAY_MS }: DiskStoreOptions): Promise<Store> {
  try {
    const disk = await openDisk(resolve(root));
    return {
      objects: faulted(createObjects(disk)),
      folders: faulted(createFolders(disk)),
      uploads: faulted(createUploads(disk, quarantineMs)),
      close: async () => undefined,
    };
  } catch (thrown) {
    throw asFault(thrown);
  }
}

async function openDisk(root: string): Promise<Disk> {
  await mkdir(root, { recursive: true });
  // Its real path: from here on, a path that is not its own real path goes through a link.
  const layout = layoutOf(await realpath(root));
  const syncFolder = createFolderSync();
  for (const folder of Object.values({ ...layout })) await mkdir(folder, { recursive: true });
  await syncFolder(layout.root);
  await syncFolder(parentOf(layout.root));
  return { layout, syncFolder };
}
