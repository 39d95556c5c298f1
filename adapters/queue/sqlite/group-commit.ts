import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../../core/fault.ts';
import { whileBusy } from './busy.ts';
import type { SyncLog } from './log-sync.ts';

/**
 * One transaction for all that is asked in the same turn of the event loop, and one sync of the log for all that were
 * written while the last one ran, so that many sessions share one write to the disk. The event loop does not wait for it.
 */
export interface GroupCommit {
  /**
   * Runs `work` within a transaction; resolves when that is on the disk. `work` does nothing but read and write the
   * database, for it runs again when the database was locked. `bytes` is about what it writes.
   * Throws `queue-down`, `store-full`; an error fails all who shared the transaction.
   */
  run<T>(work: () => T, bytes?: number): Promise<T>;
  /** Resolves when what was asked before is done; what is asked afterwards throws `queue-down`. */
  close(): Promise<void>;
}

/** Calls that share a transaction, and bytes that they write: bounds how long the event loop stands still. */
const MAX_CALLS = 256;
const MAX_BYTES = 1024 * 1024;

interface Call {
  readonly work: () => unknown;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (fault: unknown) => void;
}

export function createGroupCommit(database: DatabaseSync, syncLog: SyncLog): GroupCommit {
  const waiting: Call[] = [];
  let writing: Promise<void> | undefined;
  const syncing = new Set<Promise<void>>();
  let closed = false;

  const commit = (calls: readonly Call[]): unknown[] => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const results = calls.map((call) => call.work());
      database.exec('COMMIT');
      return results;
    } catch (thrown) {
      // A full disk and some other errors have rolled back already (sqlite.org/lang_transaction.html).
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
  };

  const settle = async (calls: readonly Call[], results: readonly unknown[]): Promise<void> => {
    try {
      await syncLog();
      for (const [index, call] of calls.entries()) call.resolve(results[index]);
    } catch (fault) {
      for (const call of calls) call.reject(fault);
    }
  };

  const writeAll = async (): Promise<void> => {
    do {
      await nextTurn();
      const calls = takeSome(waiting);
      try {
        const results = await whileBusy(() => commit(calls));
        const settled = settle(calls, results).finally(() => syncing.delete(settled));
        syncing.add(settled);
      } catch (fault) {
        for (const call of calls) call.reject(fault);
      }
    } while (waiting.length > 0);
    writing = undefined;
  };

  return {
    run<T>(work: () => T, bytes = 0): Promise<T> {
      if (closed) return Promise.reject(new Fault('queue-down', 'it is closed'));
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, bytes, resolve: resolve as (value: unknown) => void, reject });
        writing ??= writeAll();
      });
    },
    async close() {
      closed = true;
      await writing;
      await Promise.all(syncing);
    },
  };
}

/** Takes calls from the front, at least one, as many as may share a transaction. */
function takeSome(waiting: Call[]): Call[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(waiting.length, MAX_CALLS)) {
    bytes += waiting[count]!.bytes;
    if (count > 0 && bytes > MAX_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}
