import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { logFault } from './sqlite-fault.ts';

/** Resolves when every commit that returned before the call is on the disk. Throws `queue-down`, `store-full`. */
export type SyncLog = () => Promise<void>;

export interface LogSync {
  readonly sync: SyncLog;
  /** Throws what every sync does since one has failed. */
  requireTrusted(): void;
  close(): void;
}

const sync = promisify(fdatasync);

/**
 * Syncs of a database's write-ahead log, shared: while one is under way, all who ask for another get the same next one.
 * One that is under way may have begun before the asker's commit, so it is never the one that is shared.
 *
 * The log file is there, and the same one, as long as a connection is open. Nobody locks it, so that closing this
 * descriptor gives up none of SQLite's locks (fcntl(2)).
 *
 * After a failure the kernel may count the lost pages as clean, and the next sync as good: the log is not trusted any
 * more, and every later call fails, until the process is started again and SQLite reads what is there.
 */
export function openLogSync(file: string): LogSync {
  const log = openSync(`${file}-wal`, 'r+');
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let broken: unknown;

  const requireTrusted = (): void => {
    if (broken) throw broken;
  };

  const start = async (): Promise<void> => {
    requireTrusted();
    try {
      await sync(log);
    } catch (thrown) {
      broken = logFault(thrown);
      throw broken;
    }
  };

  const run = (): Promise<void> => {
    next = undefined;
    running = start().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    sync: () => {
      if (!running) return run();
      next ??= running.then(run, run);
      return next;
    },
    requireTrusted,
    close: () => closeSync(log),
  };
}
