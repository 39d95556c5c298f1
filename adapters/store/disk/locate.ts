import type { Stats } from 'node:fs';
import { Fault } from '../../../core/fault.ts';
import type { ObjectInfo } from '../../../core/ports/store.ts';
import { blobNamedAt, findBlob } from './blobs.ts';
import { isErrno } from './errno.ts';
import { arrivalOf, blobName, blobPath, objectPath, parentOf } from './layout.ts';
import { statsAt } from './look-up.ts';
import { type Disk, requireFolder } from './tree.ts';

/** An object, found. */
export interface Place {
  /** The file with its bytes. */
  readonly path: string;
  readonly stats: Stats;
  /** The blob's name; none for a plain file. */
  readonly blob?: string;
}

/** The object at the key, or with `arrival` what that arrival published there; see the port's `head`. */
export async function locate(disk: Disk, key: string, arrival?: string): Promise<Place | undefined> {
  const current = await locateNamed(disk, key);
  if (arrival === undefined) return current;
  if (current?.blob !== undefined && arrivalOf(current.blob) === arrival) return current;
  const blob = blobName(arrival, key);
  const path = blobPath(disk.layout, blob);
  const stats = statsAt(path);
  return stats && { path, stats, blob };
}

async function locateNamed(disk: Disk, key: string): Promise<Place | undefined> {
  const path = objectPath(disk.layout, key);
  if (!isReached(parentOf(path))) return undefined;
  const blob = blobNamedAt(path);
  if (blob !== undefined) {
    const found = await findBlob(disk.layout, blob);
    return found && { ...found, blob };
  }
  const stats = statsAt(path);
  return stats?.isFile() ? { path, stats } : undefined;
}

function isReached(folder: string): boolean {
  try {
    requireFolder(folder);
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR') || thrown instanceof Fault) return false;
    throw thrown;
  }
}

/** Why there is no object at the key. */
export function absence(disk: Disk, key: string): Fault {
  const stats = statsAt(objectPath(disk.layout, key));
  return new Fault(stats?.isDirectory() ? 'is-a-folder' : 'not-found');
}

export const infoOf = (key: string, { stats, blob }: Omit<Place, 'path'>): ObjectInfo => ({
  key,
  size: stats.size,
  modified: stats.mtime,
  ...(blob === undefined ? {} : { arrival: arrivalOf(blob) }),
});
