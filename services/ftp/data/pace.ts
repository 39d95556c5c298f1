import type { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes a second of one transfer, as a token bucket that holds what passes in one step. */
export interface Pace {
  readonly rate: number | undefined;
  /** An aborted one goes as fast as it can: there is nothing left but to clear up. */
  readonly signal: AbortSignal;
}

/** A second's bytes go in at least so many steps. */
const STEPS_PER_SECOND = 4;

export const bytesOfStep = (rate: number): number => Math.max(1, Math.floor(rate / STEPS_PER_SECOND));

/** Resolves when so many bytes more may have passed. */
function createBucket(rate: number, signal: AbortSignal): (bytes: number) => Promise<void> {
  let dueAt = performance.now();
  return async (bytes) => {
    const now = performance.now();
    dueAt = Math.max(dueAt, now - 1000 / STEPS_PER_SECOND) + (1000 * bytes) / rate;
    if (dueAt > now) await sleep(dueAt - now, undefined, { signal }).catch(() => undefined);
  };
}

/** `write`, held up so that its caller takes no more than the rate; without one it is `write` itself. */
export function pacedWrite(
  write: (bytes: Buffer) => Promise<void>,
  { rate, signal }: Pace,
): (bytes: Buffer) => Promise<void> {
  if (rate === undefined) return write;
  const pass = createBucket(rate, signal);
  return async (bytes) => {
    await write(bytes);
    await pass(bytes.length);
  };
}

/** The chunks, in steps no faster than the rate; without one they are themselves. */
export const pacedChunks = (chunks: AsyncIterable<Buffer>, { rate, signal }: Pace): AsyncIterable<Buffer> =>
  rate === undefined ? chunks : stepsOf(chunks, rate, signal);

async function* stepsOf(
  chunks: AsyncIterable<Buffer>,
  rate: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const pass = createBucket(rate, signal);
  const step = bytesOfStep(rate);
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += step) {
      const bytes = chunk.subarray(from, from + step);
      yield bytes;
      await pass(bytes.length);
    }
  }
}
