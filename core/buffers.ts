import { Buffer } from 'node:buffer';

/**
 * The memory of all transfers of the process: a fixed number of blocks of one size, handed out in the order of asking.
 * A transfer that finds none left waits, and so does its sender. Blocks are made when first needed.
 */
export interface BlockPool {
  readonly blockBytes: number;
  /** A block of the pool; rejects with the signal's reason when it aborts first. */
  take(signal?: AbortSignal): Promise<Buffer>;
  /** A block if one is left now: for those who can do without. */
  takeLeft(): Buffer | undefined;
  /** Gives a block back; its contents are lost. */
  give(block: Buffer): void;
  /** Blocks that are out, and how many were out at most: for the health page and for tests of the bound. */
  readonly used: number;
  readonly peak: number;
}

export interface PoolOptions {
  readonly totalBytes: number;
  readonly blockBytes: number;
  /** Whether other threads may look at the blocks. */
  readonly shared?: boolean;
}

export function createBlockPool(options: PoolOptions): BlockPool {
  const { blockBytes, shared = false } = options;
  const count = Math.max(1, Math.floor(options.totalBytes / blockBytes));
  const free: Buffer[] = [];
  const waiting: { resolve: (block: Buffer) => void }[] = [];
  let made = 0;
  let used = 0;
  let peak = 0;

  const lend = (block: Buffer): Buffer => {
    used += 1;
    peak = Math.max(peak, used);
    return block;
  };

  const takeLeft = (): Buffer | undefined => {
    const block = free.pop();
    if (block) return lend(block);
    if (made === count) return undefined;
    made += 1;
    return lend(shared ? Buffer.from(new SharedArrayBuffer(blockBytes)) : Buffer.allocUnsafeSlow(blockBytes));
  };

  return {
    blockBytes,
    get used() {
      return used;
    },
    get peak() {
      return peak;
    },
    takeLeft,
    async take(signal) {
      signal?.throwIfAborted();
      const block = takeLeft();
      if (block) return block;
      return new Promise((resolve, reject) => {
        const waiter = {
          resolve: (lent: Buffer) => {
            signal?.removeEventListener('abort', leave);
            resolve(lent);
          },
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', leave, { once: true });
        waiting.push(waiter);
      });
    },
    give(block) {
      used -= 1;
      const waiter = waiting.shift();
      if (waiter) waiter.resolve(lend(block));
      else free.push(block);
    },
  };
}

/** Whether other threads may look at the memory. */
export const isShared = (bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> =>
  bytes.buffer instanceof SharedArrayBuffer;
