import { createLentBlocks, type LentBlocks } from './lent-blocks.ts';

/** Bytes of the first buffer of an upload: most files are no larger, and wait for no large one. */
const SMALL_BYTES = 256 * 1024;
/** The share of small buffers in the whole. */
const SMALL_SHARE = 0.25;

/**
 * The memory of all uploads: small buffers to begin with, and one buffer a part. An upload asks for one at a time and
 * gives it back when its bytes are stored; a full pool slows the senders.
 */
export interface UploadMemory {
  readonly small: LentBlocks;
  /** Other threads may look at these. */
  readonly parts: LentBlocks;
  /** Bytes that were lent at the same time, at most. */
  readonly peakBytes: number;
}

export interface MemoryOptions {
  readonly memoryBytes: number;
  readonly partBytes: number;
  /** How long a buffer is an upload's own while others wait for one, in milliseconds. */
  readonly holdMs: number;
}

export function createUploadMemory({ memoryBytes, partBytes, holdMs }: MemoryOptions): UploadMemory {
  const smallBytes = Math.round(memoryBytes * SMALL_SHARE);
  const small = createLentBlocks({ totalBytes: smallBytes, blockBytes: SMALL_BYTES, holdMs });
  const partsBytes = memoryBytes - smallBytes;
  const parts = createLentBlocks({ totalBytes: partsBytes, blockBytes: partBytes, shared: true, holdMs });
  return {
    small,
    parts,
    get peakBytes() {
      return small.peakBytes + parts.peakBytes;
    },
  };
}
