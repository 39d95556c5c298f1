import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { createGaps } from './gaps.ts';
import { ancestorsOf, requireName } from './layout.ts';
import { type firstBelow, firstFrom, headRaw } from './locate.ts';

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
  /** As `firstBelow`; `lately`: as `Folders.head` has it. */
  lookBelow(folder: string, how?: { lately?: boolean }): ReturnType<typeof firstBelow>;
  /** There may be something now: a file, or the marker of a folder. */
  placed(key: string): void;
  /** A folder went, with all that was in it. */
  folderWent(): void;
}

export function createObstacles(bucket: Bucket): Obstacles {
  const noFiles = createKnown<true>();
  const folders = createKnown<{ modified: Date }>();
  const gaps = createGaps(KNOWN_MS);

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
    if (lately && gaps.has(folder)) return undefined;
    const known = lately ? folders.get(folder) : undefined;
    if (known) return known;
    const found = gaps.look(folder);
    const { below, next } = await firstFrom(bucket, folder);
    if (below) folders.set(folder, below);
    else found(next);
    return below;
  };

  return {
    requireAbove,
    lookBelow,
    async requireFree(key) {
      const [below] = await Promise.all([lookBelow(key, { lately: true }), requireAbove(key)]);
      if (below) throw new Fault('is-a-folder');
    },
    placed(key) {
      noFiles.forget(key);
      for (const folder of ancestorsOf(key)) gaps.forget(folder);
    },
    folderWent: folders.clear,
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
