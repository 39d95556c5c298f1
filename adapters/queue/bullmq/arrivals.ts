import type { Redis } from 'ioredis';
import { connectBlocking } from '../../redis/connection.ts';

/** Wakes receivers that wait for messages of one queue. */
export interface Arrivals {
  /**
   * Resolves when there may be a message, within LOOK_MS, or when `signal` aborts. Waking is a hint: the receiver
   * looks for itself, and meets the error if there is one.
   */
  wait(waitMs: number, signal: AbortSignal): Promise<void>;
  /** Wakes all. */
  close(): void;
}

/**
 * Milliseconds between two looks without a hint. A hint goes to one process only, which may not act on it: this is
 * how late another one is then.
 */
const LOOK_MS = 1_000;

/** `marker`: BullMQ's sorted set that holds something while there may be work. */
export function createArrivals(redis: Redis, marker: string): Arrivals {
  const waiting = new Set<() => void>();
  let blocking: Redis | undefined;
  let closed = false;
  let isWatching = false;

  const wakeAll = (): void => {
    for (const resume of [...waiting]) resume();
  };

  const watch = async (): Promise<void> => {
    isWatching = true;
    blocking ??= connectBlocking(redis, LOOK_MS);
    while (waiting.size > 0 && !closed) {
      await blocking.bzpopmin(marker, LOOK_MS / 1_000).catch(() => undefined);
      wakeAll();
    }
    isWatching = false;
  };

  return {
    wait(waitMs, signal) {
      return new Promise((resolve) => {
        const resume = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', resume);
          waiting.delete(resume);
          resolve();
        };
        const timer = setTimeout(resume, Math.min(waitMs, LOOK_MS));
        signal.addEventListener('abort', resume);
        waiting.add(resume);
        if (signal.aborted || closed) resume();
        else if (!isWatching) void watch();
      });
    },
    close() {
      closed = true;
      blocking?.disconnect();
      wakeAll();
    },
  };
}
