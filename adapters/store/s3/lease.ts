import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import { lockKey } from './layout.ts';
import { createTokens } from './lease-tokens.ts';
import { newMark } from './metadata.ts';
import { isFault, s3Fault } from './s3-fault.ts';

/**
 * A lease: an object that only one can create, renewed while its holder lives. One that is not renewed for so long
 * belongs to nobody: its holder has died, or was stopped. Its age is told by the store's clock alone.
 *
 * Every renewal replaces what the last one wrote, and only that (If-Match), so a holder that comes back learns that
 * somebody else has it, and a request that was on its way for long changes nothing. Two can believe that they hold it
 * for a moment only: the holder is *sure* for `SURE_SHARE` of the time, and what it began then has the rest to arrive.
 */
export const LEASE_MS = 60_000;
const RENEW_SHARE = 1 / 3;
const SURE_SHARE = 2 / 3;
/** How long one waits for somebody else's lock, and between two looks at most. */
const LOCK_WAIT_MS = 30_000;
const LOOK_MS = 100;

export interface Lease {
  /** Renews it unless it is surely held. Throws `busy` when somebody else has it. */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

export interface Locks {
  /** The lease of that name, or undefined while somebody else holds it. */
  take(name: string): Promise<Lease | undefined>;
  /** Whether somebody holds it. */
  isHeld(name: string): Promise<boolean>;
  /** Does something that nobody else does at any of these keys meanwhile. Throws `busy` after a long wait. */
  withKeys<T>(keys: readonly string[], act: () => Promise<T>): Promise<T>;
}

const takenOver = (): Fault => new Fault('busy', 'somebody else has taken over');

/** By both clocks: one may stand still while the machine does, the other may be set. */
const timeNow = () => ({ steady: performance.now(), wall: Date.now() });
const elapsedMs = (since: ReturnType<typeof timeNow>): number =>
  Math.max(performance.now() - since.steady, Date.now() - since.wall);

export function createLocks(bucket: Bucket, can: Capabilities, leaseMs: number = LEASE_MS): Locks {
  const tokens = createTokens(bucket, can, leaseMs);

  /** Keeps what `acquire` wrote. */
  const hold = async (name: string, acquire: (token: string) => Promise<string>): Promise<Lease> => {
    const holder = newMark();
    let renewals = 0;
    let since = timeNow();
    let etag = await acquire(holder);
    let lost = false;
    let renewing: Promise<void> | undefined;

    const renewNow = async (): Promise<void> => {
      const began = timeNow();
      renewals += 1;
      try {
        etag = await tokens.replace(name, etag, `${holder} ${renewals}`);
        since = began;
      } catch (thrown) {
        if (!isFault(thrown, 'exists', 'not-found')) throw thrown;
        // An earlier renewal may have been done without an answer.
        const there = await tokens.read(name);
        lost = !there?.token.startsWith(holder);
        if (lost || !there) throw takenOver();
        etag = there.etag;
        await renewNow();
      }
    };

    const renew = (): Promise<void> => {
      renewing ??= renewNow().finally(() => {
        renewing = undefined;
      });
      return renewing;
    };

    const isSure = (): boolean => elapsedMs(since) < SURE_SHARE * leaseMs;

    const confirm = async (): Promise<void> => {
      if (lost) throw takenOver();
      if (!isSure()) await renew();
    };

    // What keeps it from being renewed, the next `confirm` will meet, too.
    const renewal = setInterval(() => void (lost || renew().catch(s3Fault)), RENEW_SHARE * leaseMs);
    renewal.unref();
    return {
      confirm,
      async release() {
        clearInterval(renewal);
        await renewing?.catch(s3Fault);
        // One that could not be renewed for so long is about to run out; whoever waits for this waits long enough.
        if (lost || !isSure()) return;
        try {
          await tokens.remove(name, confirm);
        } catch (thrown) {
          if (!lost) throw thrown;
        }
      },
    };
  };

  const take = async (name: string): Promise<Lease | undefined> => {
    try {
      return await hold(name, (token) => tokens.create(name, token));
    } catch (thrown) {
      if (!isFault(thrown, 'exists')) throw thrown;
    }
    const held = await tokens.look(name);
    if (held === undefined || held.live) return undefined;
    try {
      return await hold(name, (token) => tokens.replace(name, held.etag, token));
    } catch (thrown) {
      if (isFault(thrown, 'exists', 'not-found')) return undefined;
      throw thrown;
    }
  };

  const wait = async (name: string): Promise<Lease> => {
    const until = performance.now() + LOCK_WAIT_MS;
    while (performance.now() < until) {
      const lease = await take(name);
      if (lease) return lease;
      await sleep(LOOK_MS * (0.2 + 0.8 * Math.random()));
    }
    throw new Fault('busy');
  };

  return {
    take,
    isHeld: async (name) => (await tokens.look(name))?.live === true,
    async withKeys(keys, act) {
      const leases: Lease[] = [];
      try {
        // In one order, so that two who want the same two do not wait for each other.
        for (const name of [...new Set(keys.map(lockKey))].sort()) leases.push(await wait(name));
        return await act();
      } finally {
        // One that cannot be given back runs out.
        await Promise.all(leases.map((lease) => lease.release().catch(s3Fault)));
      }
    },
  };
}
