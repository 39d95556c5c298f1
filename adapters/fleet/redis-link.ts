import type { Log } from '../../core/ports/log.ts';
import { connect, type Patience } from '../redis/connection.ts';
import type { RedisPlace } from '../redis/url.ts';

/** Somebody waits for a login: rather alone than late. */
const PATIENCE: Patience = { reconnects: 0, connectMs: 1_000, silenceMs: 2_000, commandMs: 2_000 };
/** Milliseconds between two renewals of the leases; alone, between two looks whether Redis is back. */
const RENEW_MS = 2_000;

export type Redis = ReturnType<typeof connect>;

/** One listener's way to the fleet's Redis, which may be gone for a while: then the listener is alone. */
export interface RedisLink {
  /** Answers undefined when this listener is alone. */
  ask<Answer>(call: (redis: Redis) => Promise<Answer>): Promise<Answer | undefined>;
  aloneSince(): Date | undefined;
  /** Milliseconds since Redis may last have lost its memory; infinitely many when it has been the same all the time. */
  sinceForgottenMs(): number;
  /** Ends the renewals; `farewell` is the last call, where Redis is there to hear it. */
  close(farewell: (redis: Redis) => Promise<unknown>): Promise<void>;
}

/** Runs the script in one step. */
export const run = (
  redis: Redis,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> => redis.eval(script, keys.length, ...keys, ...args);

/**
 * The connection is made at the first call. From then on `renew` is called every RENEW_MS, alone or not: what it does
 * succeeds when Redis is back. `mayForget`: Redis was gone since the last time, whether anybody missed it or not, and
 * may have lost its memory.
 */
export function createRedisLink(
  place: RedisPlace,
  renew: (redis: Redis, mayForget: boolean) => Promise<unknown>,
  log: Log,
): RedisLink {
  const redis = connect(place, PATIENCE);
  /** A call that the connection has failed says nothing of why. */
  let lostBy: unknown;
  redis.on('error', (error) => {
    lostBy = error;
  });
  let wasCut = false;
  let hasBeenThere = false;
  /** performance.now() when it was lost, or came back. */
  let cutAt = Number.NEGATIVE_INFINITY;
  let cuts = 0;
  redis.on('close', () => {
    wasCut = true;
    cuts += 1;
    if (hasBeenThere) cutAt = performance.now();
  });
  redis.on('ready', () => {
    lostBy = undefined;
    if (hasBeenThere) cutAt = performance.now();
    hasBeenThere = true;
  });
  let runId: string | undefined;
  /** Where the same process answers as before, only the network was cut. */
  const askWhoItIs = async (): Promise<void> => {
    const before = cuts;
    // It may have to connect first, which is no cut.
    const info = await redis.info('server').catch(() => '');
    const answered = /^run_id:(\w+)/m.exec(info)?.[1];
    if (answered === undefined) return;
    if (answered === runId && before === cuts) cutAt = Number.NEGATIVE_INFINITY;
    runId = answered;
  };
  let aloneSince: Date | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let closed = false;

  const beAlone = (thrown: unknown): void => {
    if (closed || aloneSince) return;
    aloneSince = new Date();
    log.error(
      { cause: lostBy ?? thrown },
      "the fleet's Redis does not answer: this listener counts sessions alone, and expects data connections alone",
    );
  };

  const keepRenewing = async (): Promise<void> => {
    const mayForget = wasCut || aloneSince !== undefined;
    wasCut = false;
    try {
      if (mayForget || runId === undefined) await askWhoItIs();
      await renew(redis, mayForget);
      if (aloneSince) {
        const ms = Date.now() - aloneSince.getTime();
        aloneSince = undefined;
        log.info({ ms }, "the fleet's Redis answers again");
      }
    } catch (thrown) {
      beAlone(thrown);
    }
    if (!closed) renewal = setTimeout(keepRenewing, RENEW_MS);
  };

  return {
    async ask(call) {
      if (closed || aloneSince) return undefined;
      renewal ??= setTimeout(keepRenewing, RENEW_MS);
      try {
        return await call(redis);
      } catch (thrown) {
        beAlone(thrown);
        return undefined;
      }
    },
    aloneSince: () => aloneSince,
    sinceForgottenMs: () => performance.now() - cutAt,
    async close(farewell) {
      if (closed) return;
      closed = true;
      clearTimeout(renewal);
      // What cannot be taken back ends with its lease.
      if (renewal && !aloneSince) await farewell(redis).catch(() => undefined);
      redis.disconnect();
    },
  };
}
