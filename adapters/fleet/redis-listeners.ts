import type { Listeners } from '../../core/ports/listeners.ts';
import type { OwnListeners } from './own-listeners.ts';
import { type Redis, type RedisLink, run } from './redis-link.ts';
import { NOW } from './redis-scripts.ts';

export interface RedisListeners extends Listeners {
  /** Renews the leases of those that this process has joined. */
  renew(redis: Redis): Promise<void>;
  /**
   * Whether the port is this process's share of all. Alone, nobody knows what others expect: each of those that were seen
   * last keeps to its own ports, so that none takes a connection for which another waits.
   */
  hasShare(port: number): boolean;
}

/** A sorted set of addresses by when their leases end, by Redis's clock. */
export function createRedisListeners(link: RedisLink, key: string, own: OwnListeners): RedisListeners {
  let seen: readonly string[] = [];
  const look = async (redis: Redis, script: string, args: readonly (string | number)[]): Promise<void> => {
    seen = (await run(redis, script, [key], args)) as string[];
  };
  return {
    async join(address) {
      const leave = await own.join(address);
      await link.ask((redis) => look(redis, JOIN, [LEASE_MS, address]));
      return async () => {
        await leave();
        await link.ask((redis) => redis.zrem(key, address));
      };
    },
    async living() {
      await link.ask((redis) => look(redis, LIVING, []));
      return link.aloneSince() ? own.living() : seen;
    },
    async renew(redis) {
      const addresses = own.addresses();
      if (addresses.length > 0) await look(redis, JOIN, [LEASE_MS, ...addresses]);
    },
    hasShare(port) {
      const [self] = own.addresses();
      if (self === undefined) return true;
      const all = [...new Set([...seen, self])].toSorted();
      return port % all.length === all.indexOf(self);
    },
  };
}

/** Milliseconds after which a listener that says nothing is thought dead, and its sessions count no more. */
export const LEASE_MS = 10_000;

const ANSWER_LIVING = `redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)`;

/** KEYS: the sorted set. */
const LIVING = `${NOW}
${ANSWER_LIVING}`;

/** KEYS: the sorted set. ARGV: the lease in milliseconds, addresses. Answers all that live. */
const JOIN = `${NOW}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
${ANSWER_LIVING}`;
