import type { Buffer } from 'node:buffer';
import { type BlockPool, createBlockPool } from '../../../core/buffers.ts';
import { Fault } from '../../../core/fault.ts';

/** Bytes of the first buffer of an upload: most files are no larger, and wait for no large one. */
const SMALL_BYTES = 256 * 1024;
/** The share of small buffers in the whole. */
const SMALL_SHARE = 0.25;
/** How long an upload waits for memory, in milliseconds. */
const MEMORY_WAIT_MS = 120_000;

/**
 * The memory of all uploads: small buffers to begin with, and one buffer a part. An upload asks for one at a time and
 * gives it back when its bytes are stored; they are lent in the order of asking, so every upload has its turn, and a
 * full pool slows the senders.
 */
export interface UploadMemory {
  readonly partBytes: number;
  takeSmall(): Promise<Buffer>;
  giveSmall(block: Buffer): void;
  takePart(): Promise<Buffer>;
  givePart(block: Buffer): void;
  /**
   * Says that a part's buffer is kept only as long as nobody needs one: then `letGo` is called, for the one that is
   * kept longest first. Answers what takes that back.
   */
  spare(letGo: () => void): () => void;
  /** Bytes that were lent at the same time, at most. */
  readonly peakBytes: number;
}

export function createUploadMemory(options: { memoryBytes: number; partBytes: number }): UploadMemory {
  const { memoryBytes, partBytes } = options;
  const smallBytes = Math.round(memoryBytes * SMALL_SHARE);
  const small = createBlockPool({ totalBytes: smallBytes, blockBytes: SMALL_BYTES });
  const parts = createBlockPool({
    totalBytes: memoryBytes - smallBytes,
    blockBytes: partBytes,
    shared: true,
  });
  const partCount = Math.max(1, Math.floor((memoryBytes - smallBytes) / partBytes));
  const spares = new Set<() => void>();

  const letOneGo = (): void => {
    const [letGo] = spares;
    if (!letGo) return;
    spares.delete(letGo);
    letGo();
  };

  return {
    partBytes,
    takeSmall: () => takeFrom(small),
    giveSmall: small.give,
    takePart() {
      if (parts.used >= partCount) letOneGo();
      return takeFrom(parts);
    },
    givePart: parts.give,
    spare(letGo) {
      spares.add(letGo);
      return () => {
        spares.delete(letGo);
      };
    },
    get peakBytes() {
      return small.peak * small.blockBytes + parts.peak * parts.blockBytes;
    },
  };
}

async function takeFrom(pool: BlockPool): Promise<Buffer> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), MEMORY_WAIT_MS);
  try {
    return await pool.take(limit.signal);
  } catch (cause) {
    throw new Fault('limit-reached', 'the memory for uploads is in use', { cause });
  } finally {
    clearTimeout(timer);
  }
}
