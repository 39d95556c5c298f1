import type { Buffer } from 'node:buffer';
import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { isErrno } from './errno.ts';

/**
 * Questions about names, asked with blocking calls: the kernel answers them from its cache in microseconds, and a way
 * through the thread pool takes ten times as long. What changes names or waits for the disk goes that way.
 */

/** What is at the path, a link itself and not what it leads to; undefined when nothing is. */
export function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    if (isErrno(thrown, 'ENOTDIR')) return undefined;
    throw thrown;
  }
}

/** What the link at the path says; undefined when there is no link. */
export function linkAt(path: string | Buffer): string | undefined {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    if (isErrno(thrown, 'EINVAL', 'ENOENT', 'ENOTDIR')) return undefined;
    throw thrown;
  }
}

/** Whether the path is there and reached without a link. Throws ENOENT, ENOTDIR, ELOOP. */
export const isRealPath = (path: string): boolean => realpathSync.native(path) === path;
