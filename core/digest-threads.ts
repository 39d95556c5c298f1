import type { DigestName } from './arrival.ts';
import { isShared } from './buffers.ts';
import { createDigestThread, type DigestThread, type StreamDigester } from './digest-thread.ts';
import { createDigester } from './digests.ts';

/**
 * Digests of streams of bytes. SHA-256 is as much work as all the rest of an upload: where there are several large
 * streams at once, one is digested on this thread, which costs no handing over, and the others on threads of their own.
 */
export interface DigestThreads {
  begin(names: readonly DigestName[]): StreamDigester;
  /** Streams on the threads that have not ended fail. */
  close(): Promise<void>;
}

/** Bytes of a stream's first piece from which it is worth the way to another thread. */
const LARGE_BYTES = 64 * 1024;

/** With no threads, all is computed on this one. */
export function createDigestThreads(count: number): DigestThreads {
  const threads = Array.from({ length: count }, createDigestThread);
  let largeOneHere: StreamDigester | undefined;

  const beginFor = (first: Uint8Array, names: readonly DigestName[]): StreamDigester => {
    const isLarge = names.length > 0 && first.length >= LARGE_BYTES && isShared(first);
    const elsewhere = isLarge && largeOneHere ? leastBusy(threads)?.begin(names) : undefined;
    if (elsewhere) return elsewhere;
    const here = beginHere(names, () => {
      if (largeOneHere === here) largeOneHere = undefined;
    });
    if (isLarge) largeOneHere ??= here;
    return here;
  };

  return {
    begin(names) {
      // Its first piece says what kind of stream it is; it stays where it has begun.
      let begun: StreamDigester | undefined;
      return {
        update(bytes) {
          begun ??= beginFor(bytes, names);
          return begun.update(bytes);
        },
        finish: () => (begun ?? beginHere(names)).finish(),
        drop: () => begun?.drop(),
      };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

const leastBusy = (threads: readonly DigestThread[]): DigestThread | undefined =>
  threads.toSorted((one, other) => one.streams - other.streams)[0];

function beginHere(names: readonly DigestName[], ended = () => {}): StreamDigester {
  const digester = createDigester(names);
  return {
    update: (bytes) => void digester.update(bytes),
    async finish() {
      ended();
      return digester.finish();
    },
    drop: ended,
  };
}
