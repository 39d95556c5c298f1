import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../core/fault.ts';
import { isBusy, sqliteFault } from './sqlite-fault.ts';

/** Milliseconds that SQLite itself waits for a lock, with the event loop standing still. */
export const BLOCKING_WAIT_MS = 5;
/** Milliseconds between two tries after that, with the event loop running; spread so that processes take turns. */
const RETRY_MS = 5;
/** Milliseconds after which a lock that another process holds is a fault. */
const BUSY_LIMIT_MS = 10_000;

/** Runs `work`, again while another process has the database locked. Throws `queue-down`, `store-full`. */
export async function whileBusy<T>(work: () => T): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!isBusy(thrown)) throw sqliteFault(thrown);
      if (performance.now() - started > BUSY_LIMIT_MS) {
        throw new Fault('queue-down', undefined, { cause: thrown });
      }
      await sleep(Math.random() * RETRY_MS);
    }
  }
}
