import { Buffer } from 'node:buffer';
import { markerKey, parentKey } from './layout.ts';

/** How many are known in one folder, and in how many folders. */
const MAX_GAPS = 64;
const MAX_FOLDERS = 1_000;

/** Where the store has no key: from one on, up to the next one that there is, or to the folder's end. */
interface Gap {
  readonly from: Buffer;
  to: Buffer | undefined;
  /** As `performance.now()` has it; none while the store is asked. */
  until: number | undefined;
}

/**
 * Gaps in the order of the store's keys, which is that of their bytes. One look finds that a name is free, and every
 * other name up to the next key: of many files that are sent in the order of their names, the first pays for all.
 */
export interface Gaps {
  /**
   * To be called before the store is asked what is below `folder`. If nothing is, the answer takes the next key of the
   * folder above; what is placed there meanwhile is not overlooked.
   */
  look(folder: string): (next: string | undefined) => void;
  /** Whether it is known that nothing is below it. */
  has(folder: string): boolean;
  /** There may be something below it now. */
  forget(folder: string): void;
}

export function createGaps(knownMs: number): Gaps {
  const byFolder = new Map<string, Gap[]>();

  const gapsWith = (folder: string): Gap[] => byFolder.get(parentKey(folder)) ?? [];

  return {
    look(folder) {
      const now = performance.now();
      const gap: Gap = { from: Buffer.from(markerKey(folder)), to: undefined, until: undefined };
      const others = gapsWith(folder).filter(({ until = now + 1 }) => until > now);
      if (byFolder.size >= MAX_FOLDERS) byFolder.clear();
      byFolder.set(parentKey(folder), [gap, ...others.slice(0, MAX_GAPS - 1)]);
      return (next) => {
        gap.to = next === undefined ? undefined : Buffer.from(next);
        gap.until = performance.now() + knownMs;
      };
    },

    has(folder) {
      const now = performance.now();
      return gapsWith(folder).some((gap) => (gap.until ?? now) > now && holds(gap, folder));
    },

    forget(folder) {
      const others = gapsWith(folder).filter((gap) => !holds(gap, folder));
      if (others.length === 0) byFolder.delete(parentKey(folder));
      else byFolder.set(parentKey(folder), others);
    },
  };
}

/** Whether all that could be below the folder is in the gap. */
function holds({ from, to }: Gap, folder: string): boolean {
  const first = Buffer.from(markerKey(folder));
  if (first.compare(from) < 0) return false;
  return to === undefined || (first.compare(to) < 0 && !to.subarray(0, first.length).equals(first));
}
