import { Worker } from 'node:worker_threads';

/** The thread holds nothing but what it is told to look at: MiB for its own objects, new and old. */
const THREAD_MEMORY = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };

interface Waiting {
  readonly resolve: (digest: string) => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * SHA-256 of memory that threads share, computed on a thread of its own while this one receives: for the signature
 * every body is hashed, beside the digests of the file. The thread is there from the first body on.
 */
export interface PayloadDigests {
  /** Lower-case hex. The bytes must stay as they are until it resolves. */
  of(bytes: Uint8Array<SharedArrayBuffer>): Promise<string>;
  close(): Promise<void>;
}

export function createPayloadDigests(): PayloadDigests {
  /** In the order of asking, which is that of the answers. */
  let waiting: Waiting[] = [];
  let thread: Worker | undefined;

  const start = (): Worker => {
    const started = new Worker(new URL('./payload-digest-thread.ts', import.meta.url), {
      resourceLimits: THREAD_MEMORY,
    });
    started.unref();
    started.on('message', (digest: string) => waiting.shift()?.resolve(digest));
    // Who waits asks again: another thread.
    started.on('error', (thrown) => end(started, thrown));
    started.on('exit', () => end(started, new Error('the thread that hashes ended')));
    return started;
  };

  const end = (ended: Worker, thrown: unknown): void => {
    if (ended !== thread) return;
    thread = undefined;
    for (const { reject } of waiting) reject(thrown);
    waiting = [];
  };

  return {
    of: (bytes) =>
      new Promise((resolve, reject) => {
        thread ??= start();
        waiting.push({ resolve, reject });
        thread.postMessage(bytes);
      }),
    async close() {
      await thread?.terminate();
    },
  };
}
