import { createHash, randomUUID } from 'node:crypto';
import { FAILURES_KEPT_MS, loginPenaltyMs } from '../../core/login-penalty.ts';
import type { Fleet, LoginKey } from '../../core/ports/fleet.ts';
import type { Log } from '../../core/ports/log.ts';
import type { RedisPlace } from '../redis/url.ts';
import { createKnownSenders, KNOWN_MS, MAX_KNOWN } from './known-senders.ts';
import { createLoginFailures, MAX_REMEMBERED, userKey } from './login-failures.ts';
import { createOwnExpectations } from './own-expectations.ts';
import { createOwnListeners } from './own-listeners.ts';
import { createOwnTicketKeys } from './own-ticket-keys.ts';
import { createRedisExpectations } from './redis-expectations.ts';
import { createRedisHomePorts, type PortRange } from './redis-home-ports.ts';
import { createRedisLink, type Redis, run } from './redis-link.ts';
import { createRedisListeners } from './redis-listeners.ts';
import { COUNT, ENTER, FAIL, FAILURES, LEASE_MS, SUCCEED } from './redis-scripts.ts';
import { createRedisTicketKeys } from './redis-ticket-keys.ts';
import { countsOf, createOwnSessions, limitReached } from './session-counts.ts';

export interface RedisFleetOptions extends RedisPlace {
  /** Where data connections come to. */
  readonly passivePorts: PortRange;
  readonly log: Log;
}

/**
 * Fleet state in a Redis, shared by all listeners with the same prefix; not in Redis Cluster, whose scripts may not
 * reach the keys of other listeners. Nothing of it needs to last: a Redis without a disk will do.
 *
 * While Redis does not answer, a listener is alone: it counts its own sessions and the failures that it has met, so
 * the limits hold for each listener, not for all; of data connections it knows those that it expects itself, at its
 * home ports. Nobody is refused for Redis's sake. It says so once, looks now and then, and writes all that it
 * knows when Redis is back. The connection is made at the first call.
 */
export function createRedisFleet({ log, passivePorts, ...place }: RedisFleetOptions): Fleet {
  const name = randomUUID();
  const prefix = `${place.prefix}:fleet`;
  const sessionKeys = [`${prefix}:listeners`, `${prefix}:sessions:${name}`];
  const userKeys = [`${prefix}:failures:user`, `${prefix}:failures:user:last`];
  const addressKeys = [`${prefix}:failures:address`, `${prefix}:failures:address:last`];
  const knownKey = `${prefix}:known`;
  const sessions = createOwnSessions();
  const failures = createLoginFailures();
  const known = createKnownSenders();
  let lastTurn: Promise<unknown> = Promise.resolve();

  /** Writes that carry this listener's numbers go one after another. */
  const inTurn = <Result>(job: () => Promise<Result>): Promise<Result> => {
    const result = lastTurn.then(job);
    lastTurn = result.catch(() => undefined);
    return result;
  };

  /** Alone, nobody waits while Redis is looked for. What a renewal under way has missed is in the next one. */
  const whenShared = <Result>(job: () => Promise<Result>): Promise<Result> =>
    link.aloneSince() ? job() : inTurn(job);

  const writeCounts = (redis: Redis, which: 'all' | 'some', counts: readonly (readonly [string, number])[]) =>
    run(redis, COUNT, sessionKeys, [name, LEASE_MS, which, ...counts.flat()]);

  /** All counts every time: whatever Redis has lost or a late call has written over is right again. */
  const renew = async (redis: Redis, mayForget: boolean): Promise<void> => {
    await inTurn(() => writeCounts(redis, 'all', sessions.all()));
    // As long as its ports are surely its own.
    if (mayForget) await expectations.putAgain(redis);
    await listeners.renew(redis);
  };

  const link = createRedisLink(place, renew, log);
  const own = createOwnListeners();
  const home = createRedisHomePorts(link, passivePorts, `${prefix}:homes`, own);
  const listeners = createRedisListeners(link, `${prefix}:reached`, own, home);
  const expectations = createRedisExpectations(link, prefix, createOwnExpectations(), home);

  return {
    listeners,
    expectations,
    ticketKeys: createRedisTicketKeys(link, `${prefix}:ticket-keys`, createOwnTicketKeys()),

    async enter(who, limits) {
      const counts = countsOf(who, limits);
      // Of those whom this listener alone would refuse, a crowd does not reach Redis.
      sessions.requireRoom(counts);
      const leave = await whenShared(async () => {
        const rows = counts.map(({ name, limit = -1 }) => [name, sessions.count(name), limit]);
        const full = await link.ask((redis) =>
          run(redis, ENTER, sessionKeys, [name, LEASE_MS, `${prefix}:sessions:`, ...rows.flat()]),
        );
        if (full === undefined) sessions.requireRoom(counts);
        else if (full !== 0) throw limitReached(counts[Number(full) - 1]!);
        return sessions.add(counts);
      });
      return async () => {
        if (!leave()) return;
        await whenShared(() =>
          link.ask((redis) =>
            writeCounts(
              redis,
              'some',
              counts.map(({ name }) => [name, sessions.count(name)]),
            ),
          ),
        );
      };
    },

    async loginDelayMs(who) {
      const answer = await link.ask((redis) =>
        run(redis, FAILURES, [...userKeys, ...addressKeys], [hidden(who), who.address]),
      );
      if (answer === undefined) return failures.delayMs(who);
      const [byUser, userMs, byAddress, addressMs] = answer as [number, number, number, number];
      const userWaitMs = loginPenaltyMs('user', byUser) - userMs;
      return Math.max(0, userWaitMs, loginPenaltyMs('address', byAddress) - addressMs);
    },

    async loginFailed(who, failed) {
      if (failed) {
        failures.add(who);
        const kept = [FAILURES_KEPT_MS, MAX_REMEMBERED];
        await link.ask((redis) =>
          run(redis, FAIL, [...userKeys, ...addressKeys], [...kept, hidden(who), who.address]),
        );
      } else {
        failures.forget(who);
        known.add(who.address);
        const kept = [KNOWN_MS, MAX_KNOWN];
        await link.ask((redis) =>
          run(redis, SUCCEED, [...userKeys, knownKey], [hidden(who), who.address, ...kept]),
        );
      }
    },

    async hasLoggedIn(address) {
      if (known.has(address)) return true;
      return Boolean(await link.ask((redis) => redis.zscore(knownKey, address)));
    },

    aloneSince: link.aloneSince,
    close: () => link.close((redis) => inTurn(() => writeCounts(redis, 'all', []))),
  };
}

/** People type passwords where their names should be; and whatever was typed, it takes the same room. */
const hidden = (who: LoginKey): string => createHash('sha256').update(userKey(who)).digest('base64url');
