import type { Arrival, DigestName } from './arrival.ts';
import { createDigestThread, type DigestThread, isShared } from './digest-thread.ts';
import { createDigester } from './digests.ts';

/**
 * Digests of streams of bytes, those of large streams computed on threads of their own while this one receives:
 * SHA-256 is as much work as all the rest of an upload.
 */
export interface DigestThreads {
  begin(names: readonly DigestName[]): StreamDigester;
  /** Streams that have not ended fail. */
  close(): Promise<void>;
}

/** Its calls must not overlap; `finish` or `drop` is the last one. */
export interface StreamDigester {
  /** The bytes must stay as they are until it resolves. Throws when the thread has ended. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Lower-case hex by name. Throws as `update`. */
  finish(): Promise<Arrival['digests']>;
  /** Nobody wants to know any more. */
  drop(): void;
}

/** Bytes of a stream's first piece from which it is worth the way to another thread. */
const THREADED_BYTES = 64 * 1024;

/** With no threads, all is computed on this one. */
export function createDigestThreads(count: number): DigestThreads {
  const threads = Array.from({ length: count }, createDigestThread);

  const beginFor = (first: Uint8Array, names: readonly DigestName[]): StreamDigester => {
    const isThreaded = names.length > 0 && first.length >= THREADED_BYTES && isShared(first);
    return (isThreaded ? leastBusy(threads)?.begin(names) : undefined) ?? beginHere(names);
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

function beginHere(names: readonly DigestName[]): StreamDigester {
  const digester = createDigester(names);
  return {
    update: (bytes) => void digester.update(bytes),
    finish: async () => digester.finish(),
    drop: () => undefined,
  };
}
