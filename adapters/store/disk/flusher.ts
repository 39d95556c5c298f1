import type { OpenFile } from './open-file.ts';

/** Bytes written between two flushes. */
const FLUSH_BYTES = 64 * 1024 * 1024;

/**
 * Sends a growing file to the disk as it grows, in the background, so that the sync at its end is short however large
 * the file is. A disk that cannot keep up slows the writer: at most two lots of `FLUSH_BYTES` are unflushed.
 */
export function createFlusher(file: Pick<OpenFile, 'datasync'>) {
  let unflushed = 0;
  let flushing: Promise<void> | undefined;

  return {
    /** Throws what an earlier flush failed with: the system tells of lost writes once. */
    async wrote(bytes: number): Promise<void> {
      unflushed += bytes;
      if (unflushed < FLUSH_BYTES) return;
      await flushing;
      unflushed = 0;
      flushing = file.datasync();
      // Thrown when it is next waited for.
      flushing.catch(() => undefined);
    },
    /** Waits for the flush that is under way. Throws as `wrote`. */
    async stop(): Promise<void> {
      await flushing;
    },
  };
}
