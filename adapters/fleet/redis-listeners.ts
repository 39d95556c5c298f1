import type { Listeners } from '../../core/ports/listeners.ts';
import type { OwnListeners } from './own-listeners.ts';
import type { HomePorts } from './redis-home-ports.ts';
import { type Redis, type RedisLink, run } from './redis-link.ts';
import { LEASE_MS, NOW } from './redis-scripts.ts';

export interface RedisListeners extends Listeners {
  /** Renews the leases of those that this process has joined, and of its home ports. */
  renew(redis: Redis): Promise<void>;
}

/** A sorted set of addresses by when their leases end, by Redis's clock. */
export function createRedisListeners(
  link: RedisLink,
  key: string,
  own: OwnListeners,
  home: HomePorts,
): RedisListeners {
  let seen: readonly string[] = [];
  const look = async (redis: Redis, script: string, args: readonly (string | number)[]): Promise<void> => {
    seen = (await run(redis, script, [key], args)) as string[];
  };
  return {
    async join(address) {
      const leave = await own.join(address);
      await link.ask(async (redis) => {
        await look(redis, JOIN, [LEASE_MS, address]);
        await home.renew(redis);
      });
      return async () => {
        await leave();
        await link.ask(async (redis) => {
          await redis.zrem(key, address);
          await home.leave(redis, address);
        });
      };
    },
    async living() {
      await link.ask((redis) => look(redis, LIVING, []));
      return link.aloneSince() ? own.living() : seen;
    },
    async renew(redis) {
      const addresses = own.addresses();
      if (addresses.length > 0) await look(redis, JOIN, [LEASE_MS, ...addresses]);
      await home.renew(redis);
    },
  };
}

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
