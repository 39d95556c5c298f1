import { Fault } from '../../../core/fault.ts';
import { bodyBytes } from '../../../core/message-body.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { DeadLetter, Queue } from '../../../core/ports/queue.ts';
import { connect } from '../../redis/connection.ts';
import type { RedisPlace } from '../../redis/url.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { createDelivery } from './delivery.ts';
import { checkDurability } from './durability.ts';
import { type Jobs, type MessageJob, openJobs, RECOVER_MS, type Taken } from './jobs.ts';
import { redisFault } from './redis-fault.ts';

/** Dead letters that one answer lists, and those that are put back between two looks. */
const MAX_LISTED = 1_000;
const REDRIVE_BATCH = 100;
/** Messages that one receive asks for at once. */
const MAX_AT_ONCE = 16;

/** Other texts would name other keys of the queue. */
const MESSAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Lane {
  readonly jobs: Jobs;
  readonly arrivals: Arrivals;
  recovering?: NodeJS.Timeout;
}

export interface BullmqOptions extends RedisPlace {
  readonly log: Log;
}

/**
 * The queues in Redis, each a BullMQ queue: delayed, active and failed jobs are delayed messages, those in flight and
 * the dead letters; a lock is a visibility timeout. Durable as far as Redis is: see durability.ts. There is no
 * fairness between groups: one that has thousands waiting keeps others waiting. Times are the machines' clocks, so
 * these must agree. A call that Redis does not answer fails within the limits of connection.ts, and may have been
 * done. Throws `queue-down`, `store-full`.
 */
export async function openBullmqQueue({ log, ...place }: BullmqOptions): Promise<Queue> {
  const redis = connect(place);
  const lanes = new Map<string, Promise<Lane>>();
  const opened: Lane[] = [];
  let closed = false;

  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    if (closed) throw new Fault('queue-down', 'it is closed');
    try {
      return await call();
    } catch (thrown) {
      throw redisFault(thrown);
    }
  };

  const openLane = async (queue: string): Promise<Lane> => {
    const jobs = await openJobs(redis, place.prefix, queue);
    const lane: Lane = { jobs, arrivals: createArrivals(redis, jobs.marker) };
    opened.push(lane);
    return lane;
  };

  const laneOf = (queue: string): Promise<Lane> => {
    const found = lanes.get(queue);
    if (found) return found;
    const lane = openLane(queue);
    lanes.set(queue, lane);
    lane.catch(() => lanes.delete(queue));
    return lane;
  };

  /** Who receives also looks after those who died receiving. An error is met by the receive as well. */
  const keepRecovering = (lane: Lane): void => {
    if (closed) return;
    lane.recovering ??= setInterval(() => lane.jobs.recover().catch(() => undefined), RECOVER_MS);
  };

  /** Up to `max` messages, or when the next one is due. */
  const takeSome = async ({ jobs }: Lane, max: number, visibilityMs: number) => {
    const taken: Taken[] = [];
    for (;;) {
      const count = Math.min(taken.length || 1, MAX_AT_ONCE, max - taken.length);
      const takes = await Promise.allSettled(Array.from({ length: count }, () => jobs.take(visibilityMs)));
      const answers = takes.filter((take) => take.status === 'fulfilled').map(({ value }) => value);
      for (const answer of answers) if (answer.job) taken.push(answer);
      // An error beside messages is not raised: they would be in nobody's hands.
      const failed = takes.find((take) => take.status === 'rejected');
      if (failed && taken.length === 0) throw failed.reason;
      const empty = answers.find((answer) => answer.job === undefined);
      if (failed || empty || taken.length === max) return { taken, dueAt: empty?.dueAt };
    }
  };

  const revive = async (jobs: Jobs, dead: readonly MessageJob[]): Promise<number> => {
    let count = 0;
    for (const job of dead) if (await jobs.revive(job)) count += 1;
    return count;
  };

  const reviveAll = async (jobs: Jobs): Promise<number> => {
    const began = Date.now();
    let count = 0;
    for (;;) {
      // Oldest first: what dies again meanwhile is behind, and stays.
      const dead = (await jobs.dead(REDRIVE_BATCH)).filter(({ finishedOn = 0 }) => finishedOn <= began);
      const revived = await revive(jobs, dead);
      if (revived === 0) return count;
      count += revived;
    }
  };

  const reviveNamed = async (jobs: Jobs, ids: readonly string[]): Promise<number> => {
    let count = 0;
    for (const id of new Set(ids)) {
      const job = MESSAGE_ID.test(id) ? await jobs.deadOne(id) : undefined;
      if (job) count += await revive(jobs, [job]);
    }
    return count;
  };

  try {
    await ask(() => checkDurability(redis, log));
  } catch (thrown) {
    redis.disconnect();
    throw thrown;
  }

  return {
    async send(queue, messages) {
      for (const { body } of messages) bodyBytes(body);
      await ask(async () => (await laneOf(queue)).jobs.add(messages));
    },

    async receive(queue, { max, waitMs, visibilityMs }, signal) {
      const until = performance.now() + waitMs;
      while (!signal.aborted) {
        const lane = await ask(() => laneOf(queue));
        keepRecovering(lane);
        const { taken, dueAt = Number.POSITIVE_INFINITY } = await ask(() =>
          takeSome(lane, max, visibilityMs),
        );
        if (taken.length > 0) return taken.map((one) => createDelivery(one, ask));
        const leftMs = until - performance.now();
        if (leftMs <= 0) break;
        await lane.arrivals.wait(Math.max(1, Math.min(leftMs, dueAt - Date.now())), signal);
      }
      return [];
    },

    async deadLetters(queue) {
      const dead = await ask(async () => (await laneOf(queue)).jobs.dead(MAX_LISTED));
      return dead.map(
        (job): DeadLetter => ({
          id: job.id!,
          body: job.data.body,
          attempt: job.attemptsStarted,
          // BullMQ has none for an empty one.
          reason: job.failedReason ?? '',
          diedAt: new Date(job.finishedOn!),
        }),
      );
    },

    async redrive(queue, ids) {
      return ask(async () => {
        const { jobs } = await laneOf(queue);
        return ids ? reviveNamed(jobs, ids) : reviveAll(jobs);
      });
    },

    depth: async (queue) => ask(async () => (await laneOf(queue)).jobs.counts()),

    async close() {
      if (closed) return;
      closed = true;
      for (const { arrivals, recovering } of opened) {
        clearInterval(recovering);
        arrivals.close();
      }
      // After the commands that are under way.
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}
