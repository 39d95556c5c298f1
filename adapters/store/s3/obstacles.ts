import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { ancestorsOf, requireName } from './layout.ts';
import { firstBelow, headRaw } from './locate.ts';

/** How long it is known what was there or not, in milliseconds, and of how many names. */
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
  /** As `firstBelow`; a look that found nothing spares `requireFree` its own. `lately`: as `Folders.head` has it. */
  lookBelow(folder: string, how?: { lately?: boolean }): ReturnType<typeof firstBelow>;
  /** There may be something now: a file, or the marker of a folder. */
  placed(key: string): void;
  /** A folder went, with all that was in it. */
  folderWent(): void;
}

export function createObstacles(bucket: Bucket): Obstacles {
  const noFiles = createKnown<true>();
  const noFolders = createKnown<true>();
  const found = createKnown<{ modified: Date }>();

  const requireNoFile = async (folder: string): Promise<void> => {
    if (noFiles.get(folder)) return;
    if (await headRaw(bucket, folder)) throw new Fault('not-a-folder');
    noFiles.set(folder, true);
  };

  const requireAbove = async (key: string): Promise<void> => {
    requireName(key);
    await Promise.all(ancestorsOf(key).map(requireNoFile));
  };

  const lookBelow: Obstacles['lookBelow'] = async (folder, { lately = false } = {}) => {
    const known = lately ? found.get(folder) : undefined;
    if (known) return known;
    const below = await firstBelow(bucket, folder);
    if (below) found.set(folder, below);
    else noFolders.set(folder, true);
    return below;
  };

  return {
    requireAbove,
    lookBelow,
    async requireFree(key) {
      const [below] = await Promise.all([noFolders.get(key) || lookBelow(key), requireAbove(key)]);
      if (typeof below === 'object') throw new Fault('is-a-folder');
    },
    placed(key) {
      noFiles.forget(key);
      for (const folder of ancestorsOf(key)) noFolders.forget(folder);
    },
    folderWent: found.clear,
  };
}

/** What was found lately, by name. */
function createKnown<Value>() {
  const entries = new Map<string, { readonly value: Value; readonly until: number }>();
  return {
    get(name: string): Value | undefined {
      const entry = entries.get(name);
      return entry && entry.until > performance.now() ? entry.value : undefined;
    },
    set(name: string, value: Value): void {
      if (entries.size >= MAX_KNOWN) entries.clear();
      entries.set(name, { value, until: performance.now() + KNOWN_MS });
    },
    forget: (name: string): void => void entries.delete(name),
    clear: (): void => entries.clear(),
  };
}
