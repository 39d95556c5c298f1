import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import { deleteObject } from './delete-object.ts';
import { lockKey } from './layout.ts';
import { newMark } from './metadata.ts';
import { isFault, s3Fault, unlessAbsent } from './s3-fault.ts';

/**
 * A lease: an object that only one can create, renewed while its holder lives. One that is not renewed belongs to
 * nobody: its holder has died. Clocks of the machines and of the store must agree to within half of `LEASE_MS`.
 */
export const LEASE_MS = 60_000;
const RENEW_MS = LEASE_MS / 3;
/** How long one waits for somebody else's lock, and between two looks at most. */
const LOCK_WAIT_MS = 30_000;
const LOOK_MS = 100;

export interface Lease {
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

interface Held {
  readonly etag: string;
  readonly live: boolean;
}

export function createLocks(bucket: Bucket, { conditionalReplace }: Capabilities): Locks {
  const at = (name: string) => ({ Bucket: bucket.name, Key: bucket.full(name) });

  const put = async (name: string, how: { IfNoneMatch?: string; IfMatch?: string }): Promise<string> => {
    const token = newMark();
    const answer = await bucket.ask<{ ETag?: string | undefined }>(
      (s3, options) => s3.putObject({ ...at(name), ...how, Body: Buffer.from(token) }, options),
      { wasDone: async () => ((await tokenOf(name)) === token ? {} : undefined) },
    );
    return answer.ETag ?? '';
  };

  const tokenOf = async (name: string): Promise<string | undefined> => {
    const answer = await unlessAbsent(bucket.ask((s3, options) => s3.getObject(at(name), options)));
    return answer?.Body?.transformToString();
  };

  const look = async (name: string): Promise<Held | undefined> => {
    const answer = await unlessAbsent(bucket.ask((s3, options) => s3.headObject(at(name), options)));
    if (!answer) return undefined;
    const age = Date.now() - (answer.LastModified?.getTime() ?? 0);
    return { etag: answer.ETag ?? '', live: age < LEASE_MS };
  };

  /** Takes over from a holder that has died. Where the store cannot do that in one step, another one may, too. */
  const takeOver = async (name: string, { etag }: Held): Promise<string> => {
    if (conditionalReplace !== 'no') {
      const bare = etag.replaceAll('"', '');
      return put(name, { IfMatch: conditionalReplace === 'bare' ? bare : `"${bare}"` });
    }
    await deleteObject(bucket, name);
    return put(name, { IfNoneMatch: '*' });
  };

  const hold = (name: string): Lease => {
    let renewing: Promise<unknown> = Promise.resolve();
    const renewal = setInterval(() => {
      renewing = put(name, {}).catch(s3Fault);
    }, RENEW_MS);
    renewal.unref();
    return {
      async release() {
        clearInterval(renewal);
        await renewing;
        await deleteObject(bucket, name);
      },
    };
  };

  const take = async (name: string): Promise<Lease | undefined> => {
    try {
      await put(name, { IfNoneMatch: '*' });
    } catch (thrown) {
      if (!isFault(thrown, 'exists')) throw thrown;
      const held = await look(name);
      if (held === undefined || held.live) return undefined;
      const taken = await takeOver(name, held).catch((lost) => {
        if (isFault(lost, 'exists', 'not-found')) return undefined;
        throw lost;
      });
      if (taken === undefined) return undefined;
    }
    return hold(name);
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
    isHeld: async (name) => (await look(name))?.live === true,
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
