import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { ancestorsOf, requireName } from './layout.ts';
import { firstBelow, headRaw } from './locate.ts';

/** How long a name that was no file counts as none, in milliseconds, and of how many names that is known. */
const KNOWN_MS = 5_000;
const MAX_KNOWN = 10_000;

/**
 * Keeps the tree a tree: the store itself would hold a file and things below it. A file that another process puts in
 * the way of a folder is noticed after `KNOWN_MS`.
 */
export interface Obstacles {
  /** Throws `not-a-folder` where a file is above the key, and `name-too-long`. */
  requireAbove(key: string): Promise<void>;
  /** Throws, too, `is-a-folder` where the key is one. */
  requireFree(key: string): Promise<void>;
  /** There may be a file now. */
  placed(key: string): void;
}

export function createObstacles(bucket: Bucket): Obstacles {
  const known = new Map<string, number>();

  const requireNoFile = async (folder: string): Promise<void> => {
    const now = performance.now();
    const until = known.get(folder);
    if (until !== undefined && until > now) return;
    if (await headRaw(bucket, folder)) throw new Fault('not-a-folder');
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(folder, now + KNOWN_MS);
  };

  const requireAbove = async (key: string): Promise<void> => {
    requireName(key);
    await Promise.all(ancestorsOf(key).map(requireNoFile));
  };

  return {
    requireAbove,
    async requireFree(key) {
      const [below] = await Promise.all([firstBelow(bucket, key), requireAbove(key)]);
      if (below) throw new Fault('is-a-folder');
    },
    placed(key) {
      known.delete(key);
    },
  };
}
