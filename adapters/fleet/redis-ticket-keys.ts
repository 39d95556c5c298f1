import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  TICKET_KEY_BYTES,
  TICKET_KEYS_KEPT,
  type TicketKeySet,
  type TicketKeys,
} from '../../core/ports/ticket-keys.ts';
import { type RedisLink, run } from './redis-link.ts';
import { NOW } from './redis-scripts.ts';

/**
 * The keys are in Redis as they are: whoever reads it can open recorded sessions of TLS 1.2 and forge tickets, so they
 * are as safe as Redis is. Redis ages them by its own clock and makes at most one in a step, so no listener needs to
 * be the one that rotates. One that was made by a clock which has been set back since does not stay for as long.
 *
 * While Redis is gone, the last known keys hold on, however old; a listener that never had them takes `own` ones.
 */
export function createRedisTicketKeys(link: RedisLink, key: string, own: TicketKeys): TicketKeys {
  let known: readonly string[] = [];
  return {
    async current(rotateMs) {
      const fresh = randomBytes(TICKET_KEY_BYTES).toString('base64');
      const answer = await link.ask((redis) =>
        run(redis, CURRENT, [key], [Math.ceil(rotateMs), TICKET_KEYS_KEPT, fresh, ...known]),
      );
      if (answer !== undefined) known = answer as string[];
      return decode(known) ?? own.current(rotateMs);
    },
  };
}

/**
 * KEYS: a list, newest first, of `milliseconds:key`. ARGV: after how many milliseconds a new one is due, how many are
 * kept, a new one, and those that are put back where Redis has lost its memory.
 */
const CURRENT = `${NOW}
if redis.call('EXISTS', KEYS[1]) == 0 and #ARGV > 3 then redis.call('RPUSH', KEYS[1], unpack(ARGV, 4)) end
local newest = redis.call('LINDEX', KEYS[1], 0)
local made = newest and tonumber(string.match(newest, '^%d+'))
if not made or math.abs(now - made) >= tonumber(ARGV[1]) then
  redis.call('LPUSH', KEYS[1], string.format('%.0f:%s', now, ARGV[3]))
  redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1] * ARGV[2])
return redis.call('LRANGE', KEYS[1], 0, -1)`;

function decode(entries: readonly string[]): TicketKeySet | undefined {
  const keys = entries.map((entry) => Buffer.from(entry.slice(entry.indexOf(':') + 1), 'base64'));
  if (keys.length === 0 || keys.some((one) => one.length !== TICKET_KEY_BYTES)) return undefined;
  return { keys, rotatedAt: new Date(Number.parseInt(entries[0]!, 10)) };
}
