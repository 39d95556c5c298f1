import { createHash, randomUUID } from 'node:crypto';
import { FAILURES_KEPT_MS, loginPenaltyMs } from '../../core/login-penalty.ts';
import type { Fleet, LoginKey } from '../../core/ports/fleet.ts';
import type { Log } from '../../core/ports/log.ts';
import { connect, type Patience } from '../redis/connection.ts';
import type { RedisPlace } from '../redis/url.ts';
import { createLoginFailures, MAX_REMEMBERED, userKey } from './login-failures.ts';
import { COUNT, ENTER, FAIL, FAILURES, FORGET } from './redis-scripts.ts';
import { countsOf, createOwnSessions, limitReached } from './session-counts.ts';

/** Somebody waits for a login: rather alone than late. */
const PATIENCE: Patience = { reconnects: 0, connectMs: 1_000, silenceMs: 2_000, commandMs: 2_000 };
/** Milliseconds after which the sessions of a listener that died count no more. */
const LEASE_MS = 10_000;
/** Milliseconds between two renewals of the lease; alone, between two looks whether Redis is back. */
const RENEW_MS = 2_000;

export interface RedisFleetOptions extends RedisPlace {
  readonly log: Log;
}

/**
 * Fleet state in a Redis, shared by all listeners with the same prefix; not in Redis Cluster, whose scripts may not
 * reach the keys of other listeners. Nothing of it needs to last: a Redis without a disk will do.
 *
 * While Redis does not answer, a listener is alone: it counts its own sessions and the failures that it has met, so
 * the limits hold for each listener, not for all, and nobody is refused for Redis's sake. It says so once, looks
 * every RENEW_MS, and writes all that it counts when Redis is back. The connection is made at the first session.
 */
export function createRedisFleet({ log, ...place }: RedisFleetOptions): Fleet {
  const redis = connect(place, PATIENCE);
  /** A call that the connection has failed says nothing of why. */
  let lostBy: unknown;
  redis.on('error', (error) => {
    lostBy = error;
  });
  redis.on('ready', () => {
    lostBy = undefined;
  });
  const name = randomUUID();
  const prefix = `${place.prefix}:fleet`;
  const sessionKeys = [`${prefix}:listeners`, `${prefix}:sessions:${name}`];
  const userKeys = [`${prefix}:failures:user`, `${prefix}:failures:user:last`];
  const addressKeys = [`${prefix}:failures:address`, `${prefix}:failures:address:last`];
  const sessions = createOwnSessions();
  const failures = createLoginFailures();
  let aloneSince: number | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let closed = false;
  let lastTurn: Promise<unknown> = Promise.resolve();

  const run = (script: string, keys: readonly string[], args: readonly (string | number)[]) =>
    redis.eval(script, keys.length, ...keys, ...args);

  /** Answers undefined when this listener is alone. */
  const ask = async <Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (closed || aloneSince !== undefined) return undefined;
    renewal ??= setTimeout(keepRenewing, RENEW_MS);
    try {
      return await call();
    } catch (thrown) {
      beAlone(thrown);
      return undefined;
    }
  };

  const beAlone = (thrown: unknown): void => {
    if (closed || aloneSince !== undefined) return;
    aloneSince = performance.now();
    log.error(
      { cause: lostBy ?? thrown },
      "the fleet's Redis does not answer: this listener counts sessions alone",
    );
  };

  /** Writes that carry this listener's numbers go one after another. */
  const inTurn = <Result>(job: () => Promise<Result>): Promise<Result> => {
    const result = lastTurn.then(job);
    lastTurn = result.catch(() => undefined);
    return result;
  };

  /** Alone, nobody waits while Redis is looked for. What a renewal under way has missed is in the next one. */
  const whenShared = <Result>(job: () => Promise<Result>): Promise<Result> =>
    aloneSince === undefined ? inTurn(job) : job();

  const writeCounts = (which: 'all' | 'some', counts: readonly (readonly [string, number])[]) =>
    run(COUNT, sessionKeys, [name, LEASE_MS, which, ...counts.flat()]);

  /** All counts every time: whatever Redis has lost or a late call has written over is right again. */
  const keepRenewing = async (): Promise<void> => {
    try {
      await inTurn(() => writeCounts('all', sessions.all()));
      if (aloneSince !== undefined) {
        const ms = Math.round(performance.now() - aloneSince);
        aloneSince = undefined;
        log.info({ ms }, "the fleet's Redis answers again");
      }
    } catch (thrown) {
      beAlone(thrown);
    }
    if (!closed) renewal = setTimeout(keepRenewing, RENEW_MS);
  };

  return {
    async enter(who, limits) {
      const counts = countsOf(who, limits);
      const leave = await whenShared(async () => {
        const rows = counts.map(({ name, limit = -1 }) => [name, sessions.count(name), limit]);
        const full = await ask(() =>
          run(ENTER, sessionKeys, [name, LEASE_MS, `${prefix}:sessions:`, ...rows.flat()]),
        );
        if (full === undefined) sessions.requireRoom(counts);
        else if (full !== 0) throw limitReached(counts[Number(full) - 1]!);
        return sessions.add(counts);
      });
      return async () => {
        if (!leave()) return;
        await whenShared(() =>
          ask(() =>
            writeCounts(
              'some',
              counts.map(({ name }) => [name, sessions.count(name)]),
            ),
          ),
        );
      };
    },

    async loginDelayMs(who) {
      const answer = await ask(() =>
        run(FAILURES, [...userKeys, ...addressKeys], [hidden(who), who.address]),
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
        await ask(() => run(FAIL, [...userKeys, ...addressKeys], [...kept, hidden(who), who.address]));
      } else {
        failures.forget(who);
        await ask(() => run(FORGET, userKeys, [hidden(who)]));
      }
    },

    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(renewal);
      // What cannot be taken back ends with its lease.
      if (renewal && aloneSince === undefined)
        await inTurn(() => writeCounts('all', [])).catch(() => undefined);
      redis.disconnect();
    },
  };
}

/** People type passwords where their names should be; and whatever was typed, it takes the same room. */
const hidden = (who: LoginKey): string => createHash('sha256').update(userKey(who)).digest('base64url');
