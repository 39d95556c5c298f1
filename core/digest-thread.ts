import { Worker } from 'node:worker_threads';
import type { Arrival, DigestName } from './arrival.ts';
import { isShared } from './buffers.ts';

/** Its calls must not overlap; `finish` or `drop` is the last one. */
export interface StreamDigester {
  /** The bytes must stay as they are until it resolves. Throws when the thread has ended. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Lower-case hex by name. Throws as `update`. */
  finish(): Promise<Arrival['digests']>;
  /** Nobody wants to know any more. */
  drop(): void;
}

/** A thread that computes the digests of many streams; it is there from the first one on. */
export interface DigestThread {
  /** Streams that have begun there and not ended. */
  readonly streams: number;
  begin(names: readonly DigestName[]): StreamDigester;
  close(): Promise<void>;
}

export type ToThread = { readonly stream: number } & (
  | { readonly act: 'begin'; readonly names: readonly DigestName[] }
  | { readonly act: 'update'; readonly bytes: Uint8Array }
  | { readonly act: 'finish' }
  | { readonly act: 'drop' }
);

/** The thread holds nothing but what it is told to look at: MiB for its own objects, new and old. */
const MEMORY = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (thrown: unknown) => void;
}

export function createDigestThread(): DigestThread {
  /** In the order of asking, which is that of the answers. */
  let waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let lastStream = 0;
  const streams = new Set<number>();

  const start = (): Worker => {
    const started = new Worker(new URL('./digest-thread-entry.ts', import.meta.url), {
      resourceLimits: MEMORY,
    });
    started.unref();
    started.on('message', (answer) => waiting.shift()?.resolve(answer as never));
    started.on('error', (thrown) => end(started, thrown));
    started.on('exit', () => end(started, hasEnded()));
    return started;
  };

  /** Its streams are lost with it; those that begin later have another worker. */
  const end = (ended: Worker, thrown: unknown): void => {
    if (ended !== worker) return;
    worker = undefined;
    streams.clear();
    for (const { reject } of waiting) reject(thrown);
    waiting = [];
  };

  return {
    get streams() {
      return streams.size;
    },
    begin(names) {
      worker ??= start();
      const own = worker;
      lastStream += 1;
      const stream = lastStream;
      streams.add(stream);
      const tell = (message: ToThread): void => own.postMessage(message);
      const ask = <Answer>(message: ToThread): Promise<Answer> =>
        new Promise((resolve, reject) => {
          if (own !== worker) return reject(hasEnded());
          waiting.push({ resolve, reject });
          tell(message);
        });
      tell({ stream, act: 'begin', names });
      return {
        // What is not shared would be copied with all the memory around it.
        update: (bytes) => ask({ stream, act: 'update', bytes: isShared(bytes) ? bytes : bytes.slice() }),
        finish() {
          streams.delete(stream);
          return ask<Arrival['digests']>({ stream, act: 'finish' });
        },
        drop() {
          if (streams.delete(stream)) tell({ stream, act: 'drop' });
        },
      };
    },
    async close() {
      await worker?.terminate();
    },
  };
}

const hasEnded = (): Error => new Error('the thread that digests ended');
