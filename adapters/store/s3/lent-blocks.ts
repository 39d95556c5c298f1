import type { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBlockPool, type PoolOptions } from '../../../core/buffers.ts';
import { Fault } from '../../../core/fault.ts';

/** How often who waits has another buffer let go, in milliseconds. */
const LET_GO_MS = 100;
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

  const letOneGo = async (): Promise<void> => {
    const [first] = [...spares].sort((one, other) => one.dueAt - other.dueAt);
    if (!first || first.dueAt > performance.now()) return;
    spares.delete(first);
    // Where it cannot be let go it is still there, and may be asked for again.
    await first.letGo().catch(() => undefined);
  };

  const letGoUntil = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await letOneGo();
      await sleep(LET_GO_MS, undefined, { signal }).catch(() => undefined);
    }
  };

  const waitForOne = async (): Promise<Buffer> => {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), MEMORY_WAIT_MS);
    letGoUntil(over.signal);
    try {
      return await pool.take(over.signal);
    } catch (cause) {
      throw new Fault('limit-reached', 'the memory for uploads is in use', { cause });
    } finally {
      clearTimeout(timer);
      over.abort();
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
