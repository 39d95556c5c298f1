import type { OwnListeners } from './own-listeners.ts';
import { type Redis, type RedisLink, run } from './redis-link.ts';
import { LEASE_MS, NOW } from './redis-scripts.ts';

/** Passive ports, both ends included; those of all listeners are the same. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Milliseconds for which the ports of one that has vanished are kept for it: it may be alone, and have clients. Not where
 * three quarters of the ports are taken and another listener has none.
 */
const KEPT_MS = 60 * 60_000;

/**
 * Some passive ports are the home of one listener each: no other one expects a connection there. A listener that alone has
 * lost Redis goes on at its home, of which it needs to ask nobody; the others, who still have Redis, know nothing of what
 * it expects. The other ports are everybody's, who ask Redis for each place.
 *
 * About half of the ports are homes, at least one for each listener; where there are hardly more ports than listeners, none
 * is. Redis alone gives them, so no two listeners ever have the same one.
 */
export interface HomePorts {
  /** Says that this listener is there still; takes what is its part, and gives back what is more. */
  renew(redis: Redis): Promise<void>;
  leave(redis: Redis, address: string): Promise<void>;
  /** Whether nobody else can be expecting a connection there; asks nobody. */
  isOwn(port: number): boolean;
  /** Whether it is another listener's, as far as is known. */
  isOthers(port: number): boolean;
  /** For scripts: the hash of homes; the hash of when the last expectation at each port ends; who this is. */
  readonly keys: readonly [homes: string, ends: string];
  self(): string;
}

export function createRedisHomePorts(
  link: RedisLink,
  { first, last }: PortRange,
  key: string,
  joined: OwnListeners,
): HomePorts {
  /** Of each of its own, performance.now() when what others had expected there before is over. */
  let own = new Map<number, number>();
  let others = new Set<number>();
  /** It has never heard of others: as long as Redis has never been there. */
  let isAlone = true;
  const [homes, ends] = [key, `${key}:ends`];
  const self = (): string => joined.addresses()[0] ?? '';
  return {
    keys: [homes, ends],
    self,
    async renew(redis) {
      const address = self();
      if (address === '') return;
      const askedAt = performance.now();
      const had = [...own].flatMap(([port, at]) => [port, Math.ceil(at - askedAt)]);
      // A Redis that has lost its memory is told by each what it had, before anybody takes more.
      const mayTake = Number(link.sinceForgottenMs() > LEASE_MS);
      const words = [address, first, last, LEASE_MS, KEPT_MS, mayTake, ...had];
      const answer = await run(redis, HOMES, [homes, `${key}:seen`, ends], words);
      const heardAt = performance.now();
      const rows = answer as [port: string, owner: string, inMs: number][];
      const isMine = ([, owner]: (typeof rows)[number]): boolean => owner === address;
      // What is known already does not change with Redis's clock.
      own = new Map(
        rows.filter(isMine).map(([port, , inMs]) => [Number(port), own.get(Number(port)) ?? heardAt + inMs]),
      );
      others = new Set(rows.filter((row) => !isMine(row)).map(([port]) => Number(port)));
      isAlone = false;
    },
    async leave(redis, address) {
      await run(redis, LEAVE, [homes, `${key}:seen`], [address]);
    },
    isOwn: (port) => isAlone || performance.now() >= (own.get(port) ?? Number.POSITIVE_INFINITY),
    isOthers: (port) => others.has(port),
  };
}

const RELEASE = `
local function release(address)
  local homes = redis.call('HGETALL', KEYS[1])
  for i = 1, #homes, 2 do
    if string.match(homes[i + 1], '^%S+') == address then redis.call('HDEL', KEYS[1], homes[i]) end
  end
  redis.call('ZREM', KEYS[2], address)
end`;

/**
 * KEYS: a hash of port by port whose home it is and from when on nobody else expects a connection there, a sorted set of
 * listeners by when they were last seen, a hash of when the last expectation at each port ends. ARGV: this one's address,
 * the first and the last port, after how many milliseconds one that is silent is thought dead, for how many its home is
 * kept, whether it may take ports that it has not had; then by twos a port that it has had last, and in how many
 * milliseconds it is its alone. Answers all homes: port, address, in how many milliseconds it is that one's alone.
 */
const HOMES = `${NOW}${RELEASE}
for _, address in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5])) do release(address) end
redis.call('ZADD', KEYS[2], now, ARGV[1])
local ports = ARGV[3] - ARGV[2] + 1
local living = redis.call('ZCOUNT', KEYS[2], now - ARGV[4], '+inf')
local part = 0
if living <= ports * 3 / 4 then part = math.max(1, math.floor(ports / 2 / math.max(2, living) + 0.5)) end
for i = 7, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], string.format('%s %.0f', ARGV[1], now + ARGV[i + 1])) end
local own, of, all = {}, {}, 0
local homes = redis.call('HGETALL', KEYS[1])
for i = 1, #homes, 2 do
  local address = string.match(homes[i + 1], '^%S+')
  local port = tonumber(homes[i])
  if port < tonumber(ARGV[2]) or port > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], homes[i])
  else
    of[port] = address
    all = all + 1
    if address == ARGV[1] then table.insert(own, port) end
  end
end
table.sort(own)
while #own > part do redis.call('HDEL', KEYS[1], table.remove(own)) end
local vanished = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4])
local port = tonumber(ARGV[2])
while ARGV[6] == '1' and #own < part do
  if all >= ports * 3 / 4 and #vanished > 0 then
    local gone = table.remove(vanished, 1)
    release(gone)
    for at, address in pairs(of) do
      if address == gone then
        of[at] = nil
        all = all - 1
      end
    end
    port = tonumber(ARGV[2])
  end
  while of[port] do port = port + 1 end
  if port > tonumber(ARGV[3]) then break end
  of[port] = ARGV[1]
  all = all + 1
  table.insert(own, port)
  local from = math.max(now, tonumber(redis.call('HGET', KEYS[3], port) or 0))
  redis.call('HSET', KEYS[1], port, string.format('%s %.0f', ARGV[1], from))
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
local answer = {}
homes = redis.call('HGETALL', KEYS[1])
for i = 1, #homes, 2 do
  local address, from = string.match(homes[i + 1], '^(%S+) (%d+)$')
  table.insert(answer, {homes[i], address, math.max(0, from - now)})
end
return answer`;

/** KEYS as above. ARGV: who leaves. */
const LEAVE = `${RELEASE}
release(ARGV[1])`;
