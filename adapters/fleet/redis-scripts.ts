/** Milliseconds after which a listener that says nothing is thought dead, and its sessions count no more. */
export const LEASE_MS = 10_000;

/**
 * What happens in Redis in one step each. The name of every listener is in a set; each keeps its counts in a hash of
 * its own, which ends with its lease. A listener that was killed is forgotten with its hash.
 *
 * Counts are written as the numbers that their listener has, never added to: a call that is repeated after a lost
 * connection does no harm.
 */

const RENEW = `
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])`;

/**
 * KEYS: the listeners, this one's counts. ARGV: its name, its lease in milliseconds, what comes before a listener's
 * name in the key of its counts; then by threes a count's name, this listener's number, its limit or -1.
 * Answers 0, or which of the counts (from 1) is full.
 */
export const ENTER = `
local others = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = ARGV[3] .. name
  if name ~= ARGV[1] then
    if redis.call('EXISTS', key) == 1 then table.insert(others, key)
    else redis.call('SREM', KEYS[1], name) end
  end
end
for i = 4, #ARGV, 3 do
  local limit = tonumber(ARGV[i + 2])
  local count = tonumber(ARGV[i + 1])
  if limit >= 0 then
    for _, key in ipairs(others) do count = count + tonumber(redis.call('HGET', key, ARGV[i]) or 0) end
    if count >= limit then return (i - 1) / 3 end
  end
end
for i = 4, #ARGV, 3 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1] + 1) end
${RENEW}
return 0`;

/** KEYS and the first two of ARGV as above; then 'all' where nothing else counts, and by twos a name and a number. */
export const COUNT = `
if ARGV[3] == 'all' then redis.call('DEL', KEYS[2]) end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '0' then redis.call('HDEL', KEYS[2], ARGV[i])
  else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
${RENEW}`;

/** Redis's clock, so that those of the listeners do not matter. */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000`;

/**
 * KEYS: by twos a hash of how many failures and a sorted set of when the last one was, by Redis's clock.
 * ARGV: milliseconds that failures are kept, how many are remembered; then whose they are, one for each two keys.
 */
export const FAIL = `${NOW}
for i = 1, #KEYS, 2 do
  local who = ARGV[2 + (i + 1) / 2]
  local at = redis.call('ZSCORE', KEYS[i + 1], who)
  if at and now - at < tonumber(ARGV[1]) then redis.call('HINCRBY', KEYS[i], who, 1)
  else redis.call('HSET', KEYS[i], who, 1) end
  redis.call('ZADD', KEYS[i + 1], now, who)
  if redis.call('ZCARD', KEYS[i + 1]) > tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[i], redis.call('ZPOPMIN', KEYS[i + 1])[1])
  end
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  redis.call('PEXPIRE', KEYS[i + 1], ARGV[1])
end`;

/**
 * KEYS as above. ARGV: whose failures. Answers by twos how many there are, and milliseconds since the last one. One that is
 * in the future, as Redis's clock was set back, was just now.
 */
export const FAILURES = `${NOW}
local answer = {}
for i = 1, #KEYS, 2 do
  local who = ARGV[(i + 1) / 2]
  local at = tonumber(redis.call('ZSCORE', KEYS[i + 1], who) or 0)
  if at > now then
    redis.call('ZADD', KEYS[i + 1], now, who)
    at = now
  end
  table.insert(answer, tonumber(redis.call('HGET', KEYS[i], who) or 0))
  table.insert(answer, now - at)
end
return answer`;

/**
 * KEYS: a hash and a sorted set as above; a sorted set of addresses by when somebody last logged in from there. ARGV: whose
 * failures are forgotten, from where it was, milliseconds that addresses are kept, how many.
 */
export const SUCCEED = `${NOW}
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[3])
redis.call('ZADD', KEYS[3], now, ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[3])`;
