import type { Listeners } from '../../core/ports/listeners.ts';
import type { OwnListeners } from './own-listeners.ts';
import { type RedisLink, run } from './redis-link.ts';
import { NOW } from './redis-scripts.ts';

/** A sorted set of addresses by when their leases end, by Redis's clock. */
export function createRedisListeners(link: RedisLink, key: string, own: OwnListeners): Listeners {
  return {
    async join(address) {
      const leave = await own.join(address);
      await link.ask((redis) => run(redis, JOIN, [key], [LEASE_MS, address]));
      return async () => {
        await leave();
        await link.ask((redis) => redis.zrem(key, address));
      };
    },
    async living() {
      const found = await link.ask((redis) => run(redis, LIVING, [key], []));
      return found === undefined ? own.living() : (found as string[]);
    },
  };
}

/** Milliseconds after which a listener that says nothing is thought dead, and its sessions count no more. */
export const LEASE_MS = 10_000;

/** KEYS: the sorted set. ARGV: the lease in milliseconds, addresses. */
export const JOIN = `${NOW}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`;

/** KEYS: the sorted set. */
const LIVING = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)`;
