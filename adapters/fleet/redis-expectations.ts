import type { DataPlace, Expectations, Expecting } from '../../core/ports/expectations.ts';
import { type OwnExpectations, placeKey } from './own-expectations.ts';
import { type Redis, type RedisLink, run } from './redis-link.ts';

/**
 * One key an expectation, which ends by itself. Its token lets whoever reads this Redis hand a connection to the
 * listener in the client's place, once: it is as safe as Redis is.
 *
 * `own` knows what this listener has put: it is all there is while Redis is gone, at the ports of `hasShare`, and is
 * written again when it is back.
 */
export function createRedisExpectations(
  link: RedisLink,
  prefix: string,
  own: OwnExpectations,
  hasShare: (port: number) => boolean,
): Expectations {
  return {
    async put(at, who, forMs) {
      const noted = await link.ask((redis) =>
        redis.set(keyOf(prefix, at), encode(who), 'PX', Math.ceil(forMs), 'NX'),
      );
      if (noted === null || (noted === undefined && !hasShare(at.port))) return false;
      // Where Redis has no other, what is known here of one is older.
      if (noted !== undefined) own.forget(at);
      return own.put(at, who, forMs);
    },
    async take(at) {
      const known = await own.take(at);
      const found = await link.ask((redis) => run(redis, TAKE, [keyOf(prefix, at)], []));
      return found === undefined ? known : decode(found as string | null);
    },
    async withdraw(at, token) {
      await own.withdraw(at, token);
      await link.ask((redis) => run(redis, WITHDRAW, [keyOf(prefix, at)], [token]));
    },
  };
}

/** After Redis was gone: what others could not see, or Redis has forgotten. */
export async function putAgain(redis: Redis, prefix: string, own: OwnExpectations): Promise<void> {
  for (const [at, who, forMs] of own.all()) {
    await redis.set(keyOf(prefix, at), encode(who), 'PX', Math.ceil(forMs), 'NX');
  }
}

const keyOf = (prefix: string, at: DataPlace): string => `${prefix}:expected:${placeKey(at)}`;

/** KEYS: an expectation. A word is put behind what is taken. */
const TAKE = `
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, -6) == ' taken' then return false end
redis.call('SET', KEYS[1], found .. ' taken', 'KEEPTTL')
return found`;

/** KEYS: an expectation. ARGV: the token that it must have. */
const WITHDRAW = `
local found = redis.call('GET', KEYS[1])
if found and string.sub(found, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then redis.call('DEL', KEYS[1]) end`;

/** Neither holds a space. */
const encode = ({ token, address }: Expecting): string => `${token} ${address}`;

function decode(text: string | null): Expecting | undefined {
  const [token, address] = text?.split(' ') ?? [];
  return token && address ? { token, address } : undefined;
}
