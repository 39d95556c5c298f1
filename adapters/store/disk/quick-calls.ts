import * as fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * Calls that the kernel answers from its memory: changes of names, the first bytes of a file. They block, as a way
 * through the thread pool costs ten times what they do, and more on a busy machine. Syncs, which wait for the disk, go
 * through the pool.
 */

/** Milliseconds after which a call has waited for something: a journal that is full, a server far away. */
const SLOW_MS = 5;
/** Milliseconds for which the calls then go through the pool: the event loop stands still once, not for each of them. */
const POOL_MS = 1000;

/** One for all stores of the process, as it has one event loop. */
let poolUntil = Number.NEGATIVE_INFINITY;

export const quick =
  <Arguments extends unknown[], T>(
    blocking: (...args: Arguments) => T,
    pooled: (...args: Arguments) => Promise<T>,
  ): ((...args: Arguments) => Promise<T>) =>
  async (...args) => {
    const started = performance.now();
    if (started < poolUntil) return pooled(...args);
    try {
      return blocking(...args);
    } finally {
      const ended = performance.now();
      if (ended - started > SLOW_MS) poolUntil = ended + POOL_MS;
    }
  };

export const rename = quick<[from: string, to: string], void>(fs.renameSync, promisify(fs.rename));

/** A link at `path` that says `target`. */
export const symlink = quick<[target: string, path: string], void>(
  (target, path) => fs.symlinkSync(target, path),
  (target, path) => promisify(fs.symlink)(target, path),
);

/** Answers a descriptor. */
export const openFile = quick<[path: string, flags: string, mode: number], number>(
  fs.openSync,
  promisify(fs.open),
);

export const closeFile = quick<[file: number], void>(fs.closeSync, promisify(fs.close));
