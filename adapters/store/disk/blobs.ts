import type { Buffer } from 'node:buffer';
import type { Stats } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { unlessMissing } from './errno.ts';
import { blobOfLink, blobPath, type Layout, parentOf } from './layout.ts';
import { linkAt, statsAt } from './look-up.ts';
import { rename } from './quick-calls.ts';

/** The blob that the name at the path means; undefined when it is no link of ours. */
export function blobNamedAt(path: string | Buffer): string | undefined {
  const target = linkAt(path);
  return target === undefined ? undefined : blobOfLink(target);
}

/**
 * The blob that a name means. One that is not where it belongs is put there: its publisher died between the link and
 * the move, or a sweep did not see the name. Undefined when somebody deleted it.
 */
export async function findBlob(
  layout: Layout,
  blob: string,
): Promise<{ path: string; stats: Stats } | undefined> {
  const path = blobPath(layout, blob);
  for (const from of [undefined, layout.uploads, layout.unnamed, undefined]) {
    const settled = from === undefined || (await settleBlob(layout, blob, from).then(done, failed));
    // Where it cannot be moved, on a full disk say, it is read where it is.
    const at = settled ? path : `${from}/${blob}`;
    const stats = statsAt(at);
    if (stats) return { path: at, stats };
  }
  return undefined;
}

const done = (): boolean => true;
const failed = (): boolean => false;

/** Moves a blob to where it belongs. Nothing to move is no error: somebody else did it. */
export async function settleBlob(layout: Layout, blob: string, from: string): Promise<void> {
  const path = blobPath(layout, blob);
  const move = () => unlessMissing(rename(`${from}/${blob}`, path).then(() => true));
  if (await move()) return;
  await mkdir(parentOf(path), { recursive: true });
  await move();
}

/**
 * To be called before a name goes: the blob's status time (ctime) becomes now, which is how the sweep knows how long
 * it has been without a name. Its bytes, mode and modification time stay.
 */
export async function noteUnnamed(layout: Layout, path: string): Promise<void> {
  const blob = blobNamedAt(path);
  const found = blob === undefined ? undefined : await findBlob(layout, blob);
  if (found) await unlessMissing(touchStatus(found.path, found.stats));
}

const PERMISSION_BITS = 0o7777;

/** Sets the status time to now: setting the mode does, even to what it is. */
export const touchStatus = (path: string, { mode }: Stats): Promise<void> =>
  chmod(path, mode & PERMISSION_BITS);
