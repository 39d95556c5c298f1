import { Fault } from '../../../core/fault.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html); the low byte of what node:sqlite calls `errcode`. */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

const primaryCode = (thrown: unknown): number | undefined => {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
};

/** Another process has the lock that this one needs. */
export const isBusy = (thrown: unknown): boolean => primaryCode(thrown) === SQLITE_BUSY;

/** `store-full` when the disk is full, `queue-down` for all else, with SQLite's error as the cause. */
export function sqliteFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const code = primaryCode(thrown) === SQLITE_FULL ? 'store-full' : 'queue-down';
  return new Fault(code, undefined, { cause: thrown });
}

/** The same for what the system says of the write-ahead log. */
export const logFault = (thrown: unknown): Fault =>
  new Fault(isFullDisk(thrown) ? 'store-full' : 'queue-down', undefined, { cause: thrown });

const isFullDisk = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT');
