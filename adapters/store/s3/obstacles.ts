import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { ancestorsOf, requireName } from './layout.ts';
import { firstBelow, headRaw } from './locate.ts';

/** How long it is known what was not there, in milliseconds, and of how many names. */
const KNOWN_MS = 5_000;
const MAX_KNOWN = 10_000;

/**
 * Keeps the tree a tree: the store itself would hold a file and things below it. What another process puts in the way
 * is noticed after `KNOWN_MS`.
 */
export interface Obstacles {
  /** Throws `not-a-folder` where a file is above the key, and `name-too-long`. */
  requireAbove(key: string): Promise<void>;
  /** Throws, too, `is-a-folder` where the key is one. */
  requireFree(key: string): Promise<void>;
  /** As `firstBelow`; a look that found nothing spares `requireFree` its own. */
  lookBelow(folder: string): ReturnType<typeof firstBelow>;
  /** There may be something now: a file, or the marker of a folder. */
  placed(key: string): void;
}

export function createObstacles(bucket: Bucket): Obstacles {
  const noFiles = createKnown();
  const noFolders = createKnown();

  const requireNoFile = async (folder: string): Promise<void> => {
    if (noFiles.has(folder)) return;
    if (await headRaw(bucket, folder)) throw new Fault('not-a-folder');
    noFiles.add(folder);
  };

  const requireAbove = async (key: string): Promise<void> => {
    requireName(key);
    await Promise.all(ancestorsOf(key).map(requireNoFile));
  };

  const lookBelow: Obstacles['lookBelow'] = async (folder) => {
    const below = await firstBelow(bucket, folder);
    if (!below) noFolders.add(folder);
    return below;
  };

  return {
    requireAbove,
    lookBelow,
    async requireFree(key) {
      const [below] = await Promise.all([noFolders.has(key) || lookBelow(key), requireAbove(key)]);
      if (typeof below === 'object') throw new Fault('is-a-folder');
    },
    placed(key) {
      noFiles.forget(key);
      for (const folder of ancestorsOf(key)) noFolders.forget(folder);
    },
  };
}

/** Names of which the same was found lately. */
function createKnown() {
  const until = new Map<string, number>();
  return {
    has: (name: string): boolean => (until.get(name) ?? 0) > performance.now(),
    add(name: string): void {
      if (until.size >= MAX_KNOWN) until.clear();
      until.set(name, performance.now() + KNOWN_MS);
    },
    forget: (name: string): void => void until.delete(name),
  };
}
