import type { DatabaseSync } from 'node:sqlite';

/** Those who wait for messages. */
export interface Receivers {
  /**
   * Resolves when something was sent to `queue` by this process, when any other process wrote to the database, after
   * `waitMs`, or when `signal` aborts. Waking is a hint: the receiver looks for itself.
   */
  wait(queue: string, waitMs: number, signal: AbortSignal): Promise<void>;
  /** Something was sent to `queue`. */
  notify(queue: string): void;
  /** Wakes all. */
  close(): void;
}

/** Milliseconds between two looks for what other processes have sent; only while somebody waits. */
const POLL_MS = 50;

export function createReceivers(database: DatabaseSync): Receivers {
  const waiting = new Map<() => void, string>();
  // Changes when another connection commits, and is cheaper to ask for than any table (PRAGMA data_version).
  const version = database.prepare('PRAGMA data_version');
  let seen: unknown;
  let poll: NodeJS.Timeout | undefined;

  const wake = (queue?: string): void => {
    for (const [resume, waitsFor] of [...waiting]) if (queue === undefined || waitsFor === queue) resume();
  };

  const look = (): void => {
    let now: unknown;
    try {
      now = version.get()!.data_version;
    } catch {
      // The receiver, woken, meets the same error and reports it.
      now = undefined;
    }
    if (now === undefined || now !== seen) wake();
    seen = now;
  };

  return {
    wait(queue, waitMs, signal) {
      return new Promise((resolve) => {
        const resume = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', resume);
          waiting.delete(resume);
          if (waiting.size === 0) {
            clearInterval(poll);
            poll = undefined;
          }
          resolve();
        };
        const timer = setTimeout(resume, waitMs);
        signal.addEventListener('abort', resume, { once: true });
        waiting.set(resume, queue);
        poll ??= setInterval(look, POLL_MS);
        if (signal.aborted) resume();
      });
    },
    notify: wake,
    close: () => wake(),
  };
}
