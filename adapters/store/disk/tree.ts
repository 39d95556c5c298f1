import { link, lstat, mkdir, unlink } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import { noteUnnamed } from './blobs.ts';
import { isErrno, unlessMissing } from './errno.ts';
import type { SyncFolder } from './folder-sync.ts';
import { type Layout, objectPath, parentOf, tmpPath } from './layout.ts';
import { isRealPath, statsAt } from './look-up.ts';
import { rename, symlink } from './quick-calls.ts';

/** What the parts of the store share: where things are, and how names become durable. */
export interface Disk {
  readonly layout: Layout;
  readonly syncFolder: SyncFolder;
}

/** Times that a folder is made again because somebody removes it while a name is put there. */
const MAX_FOLDER_RETRIES = 5;

/**
 * Whether the path is a folder that is reached without a link: a link that somebody put into the tree is no folder,
 * so no key leads out of the root. Throws ENOENT, ENOTDIR, and `not-a-folder` for a link.
 */
export function requireFolder(path: string): void {
  if (!isRealPath(path)) throw new Fault('not-a-folder');
}

/** Makes the folder and those above it, where they are missing; durable when it resolves. */
async function ensureFolder(disk: Disk, path: string): Promise<void> {
  try {
    return requireFolder(path);
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) throw thrown;
  }
  await ensureFolder(disk, parentOf(path));
  await mkdir(path).catch((thrown) => {
    // Somebody else made it just now, or a link that leads nowhere is there.
    if (!isErrno(thrown, 'EEXIST')) throw thrown;
  });
  if (!(await lstat(path)).isDirectory()) throw new Fault('not-a-folder');
  await disk.syncFolder(parentOf(path));
}

/** Does something in the folder, which is made as needed. What it does there is not durable yet. */
export async function inFolder(disk: Disk, folder: string, act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ensureFolder(disk, folder);
      return await act();
    } catch (thrown) {
      if (!isErrno(thrown, 'ENOENT') || attempt === MAX_FOLDER_RETRIES) throw thrown;
    }
  }
}

/** How a name comes to be at a path; fails with EEXIST where there is one. */
type MakeName = (path: string) => Promise<void>;

/** A link with that target. */
export const linkTo =
  (target: string): MakeName =>
  (path) =>
    symlink(target, path);

/** Another name of the file at `source`. */
export const sameFileAs =
  (source: string): MakeName =>
  (path) =>
    link(source, path);

/** Makes the object's name, or with `replace` puts it in the place of the one that is there. Not durable yet. */
export async function makeName(disk: Disk, key: string, replace: boolean, make: MakeName): Promise<void> {
  const path = objectPath(disk.layout, key);
  await inFolder(disk, parentOf(path), () =>
    replace ? replaceName(disk, path, make) : createName(path, make),
  );
}

async function createName(path: string, make: MakeName): Promise<void> {
  try {
    await make(path);
  } catch (thrown) {
    if (isErrno(thrown, 'EEXIST') && statsAt(path)?.isDirectory()) {
      throw new Fault('is-a-folder', undefined, { cause: thrown });
    }
    throw thrown;
  }
}

async function replaceName({ layout }: Disk, path: string, make: MakeName): Promise<void> {
  if (!statsAt(path)) {
    try {
      return await make(path);
    } catch (thrown) {
      // Another writer was faster.
      if (!isErrno(thrown, 'EEXIST')) throw thrown;
    }
  }
  const temporary = tmpPath(layout);
  await make(temporary);
  try {
    await noteUnnamed(layout, path);
    await rename(temporary, path);
  } catch (thrown) {
    await unlink(temporary);
    throw thrown;
  }
}

/** As `makeName`, and durable when it resolves. */
export async function placeName(disk: Disk, key: string, replace: boolean, make: MakeName): Promise<void> {
  await makeName(disk, key, replace, make);
  await disk.syncFolder(parentOf(objectPath(disk.layout, key)));
}

/**
 * Takes away a name whose blob has another one by now, but only while it is the one that was meant: what another
 * writer has put there since stays. Answers whether it was there.
 */
export async function takeName(
  { layout, syncFolder }: Disk,
  key: string,
  isMeant: (path: string) => boolean,
): Promise<boolean> {
  const path = objectPath(layout, key);
  const taken = tmpPath(layout);
  if (!(await unlessMissing(rename(path, taken).then(() => true)))) return false;
  const meant = isMeant(taken);
  if (!meant) {
    await link(taken, path).catch((thrown) => {
      // An even newer one is there.
      if (!isErrno(thrown, 'EEXIST')) throw thrown;
    });
  }
  await unlink(taken);
  await syncFolder(parentOf(path));
  return meant;
}
