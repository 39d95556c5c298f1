import type { Expectations, ExpectedPlace, Expecting } from '../../core/ports/expectations.ts';
import { keysOfPlace, type OwnExpectations, placeKey } from './own-expectations.ts';
import type { HomePorts } from './redis-home-ports.ts';
import { type Redis, type RedisLink, run } from './redis-link.ts';
import { NOW } from './redis-scripts.ts';

export interface RedisExpectations extends Expectations {
  /** After Redis was gone: what others could not see, or Redis has forgotten. */
  putAgain(redis: Redis): Promise<void>;
}

/**
 * One key an expectation and a place of it, which ends by itself. Its token lets whoever reads this Redis hand a connection
 * to the listener in the client's place, once: it is as safe as Redis is.
 *
 * `own` knows what this listener has put: it is all there is while Redis is gone, at its home ports, and is written again
 * when it is back. A Redis that was gone may have forgotten what others expect: as long as that might be, home ports only.
 */
export function createRedisExpectations(
  link: RedisLink,
  prefix: string,
  own: OwnExpectations,
  home: HomePorts,
): RedisExpectations {
  const note = (redis: Redis, at: ExpectedPlace, who: Expecting, forMs: number): Promise<unknown> => {
    const { own: places, within } = keysOfPlace(at);
    const inside = [...places, ...within].map((key) => insideKey(prefix, key));
    const keys = [...home.keys, ...[...places, ...within].map((key) => expectedKey(prefix, key)), ...inside];
    const words = [home.self(), at.port, places.length, within.length, who.token, who.address];
    return run(redis, PUT, keys, [...words, Math.ceil(forMs)]);
  };
  const mayPut = (port: number, forMs: number): boolean =>
    home.isOwn(port) || (!home.isOthers(port) && !link.aloneSince() && link.sinceForgottenMs() >= forMs);
  return {
    mayPut,
    async put(at, who, forMs) {
      const noted = mayPut(at.port, forMs) ? await link.ask((redis) => note(redis, at, who, forMs)) : 0;
      if (noted === 0 || (noted === undefined && !home.isOwn(at.port))) return false;
      // Where Redis has no other, what is known here of one is older.
      if (noted !== undefined) own.forget(at);
      return own.put(at, who, forMs);
    },
    async take(at) {
      const known = await own.take(at);
      const found = await link.ask((redis) => run(redis, TAKE, [expectedKey(prefix, placeKey(at))], []));
      return found === undefined ? known : decode(found as string | null);
    },
    async withdraw(at, token) {
      await own.withdraw(at, token);
      const { own: places, within } = keysOfPlace(at);
      const keys = [
        ...places.map((key) => expectedKey(prefix, key)),
        ...within.map((key) => insideKey(prefix, key)),
      ];
      await link.ask((redis) => run(redis, WITHDRAW, keys, [token, places.length]));
    },
    async putAgain(redis) {
      for (const [at, who, forMs] of own.all()) await note(redis, at, who, forMs);
    },
  };
}

const expectedKey = (prefix: string, place: string): string => `${prefix}:expected:${place}`;
const insideKey = (prefix: string, place: string): string => `${prefix}:inside:${place}`;

/**
 * KEYS: the home ports; when the last expectation at each port ends; places and networks, so many of each as ARGV says;
 * for each of these a sorted set of the tokens of those that are expected from within it, by when that ends, by Redis's
 * clock. ARGV: who this is, the port, how many places, how many networks, the token, the address, for how many
 * milliseconds. Answers 1, or 0 when it is in the way of another one.
 */
const PUT = `${NOW}
local home = redis.call('HGET', KEYS[1], ARGV[2])
if home and string.match(home, '^%S+') ~= ARGV[1] then return 0 end
local places, networks = tonumber(ARGV[3]), tonumber(ARGV[4])
local all = places + networks
if redis.call('EXISTS', unpack(KEYS, 3, 2 + all)) > 0 then return 0 end
for i = 3 + all, 2 + all + places do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
local function keep(key)
  if redis.call('PTTL', key) < tonumber(ARGV[7]) then redis.call('PEXPIRE', key, ARGV[7]) end
end
for i = 3, 2 + places do redis.call('SET', KEYS[i], ARGV[5] .. ' ' .. ARGV[6], 'PX', ARGV[7]) end
for i = 3 + all + places, 2 + 2 * all do
  redis.call('ZADD', KEYS[i], now + ARGV[7], ARGV[5])
  keep(KEYS[i])
end
local ends = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0)
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', math.max(ends, now + ARGV[7])))
keep(KEYS[2])
return 1`;

/** KEYS: an expectation. A word is put behind what is taken. */
const TAKE = `
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, -6) == ' taken' then return false end
redis.call('SET', KEYS[1], found .. ' taken', 'KEEPTTL')
return found`;

/**
 * KEYS: the places of an expectation, then the sorted sets that have it. ARGV: the token that it must have, how many
 * places.
 */
const WITHDRAW = `
for i = 1, #KEYS do
  if i > tonumber(ARGV[2]) then redis.call('ZREM', KEYS[i], ARGV[1])
  else
    local found = redis.call('GET', KEYS[i])
    if found and string.sub(found, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then redis.call('DEL', KEYS[i]) end
  end
end`;

function decode(text: string | null): Expecting | undefined {
  const [token, address] = text?.split(' ') ?? [];
  return token && address ? { token, address } : undefined;
}
