import { ConfigError, SettingError } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import { PartnersError } from './partners/fault.ts';

/**
 * Threads of libuv's pool, which all calls to the disk go through and which starts with its first one. Most of them
 * wait in a sync, and a file system commits together what is synced at the same time: with libuv's own four, uploads
 * would wait for each other.
 */
const DISK_THREADS = 16;

/** Nothing but a call to a disk that hangs, that of a target perhaps, keeps a process that has stopped. */
const HUNG_DISK_MS = 5_000;

/** For a main that has stopped: its process ends by itself, or else soon. */
export function endAnyway(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), HUNG_DISK_MS).unref();
}

/**
 * Runs a main that stays up. What an operator can mend is said in its own words, anything else with its stack; exit
 * code 2 for a wrong configuration, 1 for all else.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  process.env.UV_THREADPOOL_SIZE ??= String(DISK_THREADS);
  try {
    await main();
  } catch (thrown) {
    console.error(isMendable(thrown) ? textOf(thrown) : thrown);
    process.exit(thrown instanceof ConfigError ? 2 : 1);
  }
}

const textOf = (thrown: Error): string => (thrown instanceof Fault ? thrown.reason : thrown.message);

/** The system's own faults too: a port that is taken, a folder that may not be written. */
const isMendable = (thrown: unknown): thrown is Error =>
  thrown instanceof ConfigError ||
  thrown instanceof SettingError ||
  thrown instanceof PartnersError ||
  thrown instanceof Fault ||
  (thrown instanceof Error && 'syscall' in thrown);
