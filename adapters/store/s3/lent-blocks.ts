import type { Buffer } from 'node:buffer';
import { createBlockPool, type PoolOptions } from '../../../core/buffers.ts';
import { Fault } from '../../../core/fault.ts';

/** How often it is looked for buffers that may be let go, in milliseconds, as long as somebody waits. */
const LOOK_MS = 100;
/** How long an upload waits for memory, in milliseconds. */
const MEMORY_WAIT_MS = 120_000;

/** Buffers of one size, lent in the order of asking, so that every upload has its turn. */
export interface LentBlocks {
  /** Throws `limit-reached` after two minutes. */
  take(): Promise<Buffer>;
  give(block: Buffer): void;
  /**
   * Says that a buffer is kept only as long as nobody needs one. One that was taken at `takenAt`, by the clock of
   * `performance.now()`, may be kept for `holdMs` all the same. When somebody waits, `letGo` is called, for the one
   * whose time was over first. Answers what takes that back.
   */
  spare(letGo: () => Promise<void>, takenAt?: number): () => void;
  /** Bytes that were lent at the same time, at most. */
  readonly peakBytes: number;
}

interface Spare {
  readonly letGo: () => Promise<void>;
  /** When it may be let go, by the clock of `performance.now()`. */
  readonly dueAt: number;
}

export function createLentBlocks({ holdMs, ...options }: PoolOptions & { holdMs: number }): LentBlocks {
  const pool = createBlockPool(options);
  const spares = new Set<Spare>();

  let waiting = 0;
  let leaving = 0;
  let looking: NodeJS.Timeout | undefined;

  const letGo = async (spare: Spare): Promise<void> => {
    spares.delete(spare);
    leaving += 1;
    // Where it cannot be let go it is still there, and may be asked for again.
    await spare.letGo().catch(() => undefined);
    leaving -= 1;
  };

  /** Has as many let go as are waited for. */
  const look = (): void => {
    const now = performance.now();
    const due = [...spares].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.dueAt - other.dueAt);
    for (const spare of due.slice(0, Math.max(0, waiting - leaving))) void letGo(spare);
  };

  const waitForOne = async (): Promise<Buffer> => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), MEMORY_WAIT_MS);
    waiting += 1;
    look();
    looking ??= setInterval(look, LOOK_MS);
    try {
      return await pool.take(limit.signal);
    } catch (cause) {
      throw new Fault('limit-reached', 'the memory for uploads is in use', { cause });
    } finally {
      clearTimeout(timer);
      waiting -= 1;
      if (waiting === 0) {
        clearInterval(looking);
        looking = undefined;
      }
    }
  };

  return {
    take: async () => pool.takeLeft() ?? waitForOne(),
    give: pool.give,
    spare(letGo, takenAt = Number.NEGATIVE_INFINITY) {
      const spare = { letGo, dueAt: takenAt + holdMs };
      spares.add(spare);
      return () => void spares.delete(spare);
    },
    get peakBytes() {
      return pool.peak * pool.blockBytes;
    },
  };
}
