import { randomUUID } from 'node:crypto';
import {
  createRedisBackend,
  Job,
  type JobJson,
  Queue as JobQueue,
  type JobsOptions,
  type RedisQueueBackend,
  type WorkerOptions,
} from 'bullmq';
import type { Redis } from 'ioredis';
import type { Outgoing } from '../../../core/ports/queue.ts';
import { isNoLongerHeld } from './redis-fault.ts';

interface Data {
  readonly body: string;
  /** When it was put back from the dead letters, in milliseconds since 1970. */
  readonly redrivenAt?: number;
}
export type MessageJob = Job<Data>;

/** A message in a consumer's hands: the token is the holder's name on its lock. */
export interface Taken {
  readonly job: MessageJob;
  readonly token: string;
}

interface Nothing {
  readonly job?: never;
  readonly dueAt: number | undefined;
}

/** One BullMQ queue. Throws what Redis, ioredis and BullMQ throw. */
export interface Jobs {
  /** BullMQ's sorted set that holds something while there may be work. */
  readonly marker: string;
  /** All of them or none, in one transaction. */
  add(messages: readonly Outgoing[]): Promise<void>;
  /** The next message, locked for so long; or when the next delayed one is due, if any (milliseconds since 1970). */
  take(visibilityMs: number): Promise<Taken | Nothing>;
  /** Makes messages ready whose locks have run out: those of consumers that died. */
  recover(): Promise<void>;
  /** The oldest dead ones. */
  dead(max: number): Promise<MessageJob[]>;
  /** The message if it is dead. */
  deadOne(id: string): Promise<MessageJob | undefined>;
  /** Puts it back from the dead ones as if it were new. Answers false when it is not dead any more. */
  revive(job: MessageJob): Promise<boolean>;
  counts(): Promise<{ waiting: number; inFlight: number; dead: number }>;
}

/**
 * Milliseconds between two checks for locks that have run out, of all processes together. A message is ready again at
 * the second check after its lock has run out, at the latest.
 */
export const RECOVER_MS = 500;
/** Entries of BullMQ's stream of events, which nobody here reads. */
const MAX_EVENTS = 100;

const JOB: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: false, stackTraceLimit: 0 };

/** BullMQ asks a Redis for its version first, and never again where that failed: what failed is of no further use. */
export async function openJobs(redis: Redis, prefix: string, name: string): Promise<Jobs> {
  const queue = new JobQueue<Data>(name, {
    connection: redis,
    prefix,
    streams: { events: { maxLen: MAX_EVENTS } },
  });
  // The connection fails every call that it cannot do.
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  const backend = queue.getBackend();
  /** A lock's duration belongs to the backend; consumers know few of them. */
  const takers = new Map<number, RedisQueueBackend>();

  const takerFor = async (lockDuration: number): Promise<RedisQueueBackend> => {
    const found = takers.get(lockDuration);
    if (found) return found;
    const options: WorkerOptions = {
      connection: redis,
      prefix,
      lockDuration,
      // How often a consumer may die with a message is the pipeline's to say.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      stalledInterval: RECOVER_MS,
    };
    const taker = createRedisBackend(name, options);
    taker.on('error', () => undefined);
    await taker.waitUntilReady();
    takers.set(lockDuration, taker);
    return taker;
  };

  /** With an id of its own: a send that is repeated after a lost connection finds the message there. */
  const newJob = ({ body, delayMs = 0 }: Outgoing): JobJson => {
    const options = { ...JOB, jobId: randomUUID(), delay: Math.max(0, Math.ceil(delayMs)) };
    return new Job(queue, 'message', { body }, options, options.jobId).asJSON();
  };

  return {
    marker: backend.keys.marker!,

    async add(messages) {
      const [first, ...others] = messages.map(newJob);
      if (!first) return;
      if (others.length === 0) {
        await backend.addJob(first, first.id);
        return;
      }
      const transaction = (await backend.client).multi();
      for (const job of [first, ...others]) await backend.addJobToTransaction(transaction, job, job.id);
      const results = (await transaction.exec()) ?? [[new Error('the transaction was given up')]];
      for (const [error] of results) if (error) throw error;
    },

    async take(visibilityMs) {
      const token = randomUUID();
      const taker = await takerFor(Math.ceil(visibilityMs));
      const [data, id, , dueAt] = await taker.moveToActive(token);
      if (data) return { job: Job.fromJSON<Data, unknown, string>(queue, data, id), token };
      return { dueAt: dueAt > 0 ? dueAt : undefined };
    },

    async recover() {
      await (await takerFor(RECOVER_MS)).moveStalledJobsToWait();
    },

    async dead(max) {
      const jobs = await queue.getJobs(['failed'], 0, max - 1, true);
      return jobs.filter(Boolean);
    },

    async deadOne(id) {
      const job = await Job.fromId<Data>(queue, id);
      return job?.finishedOn === undefined ? undefined : job;
    },

    async revive(job) {
      try {
        await job.updateData({ body: job.data.body, redrivenAt: Date.now() });
        await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
        return true;
      } catch (thrown) {
        if (isNoLongerHeld(thrown)) return false;
        throw thrown;
      }
    },

    async counts() {
      const {
        waiting = 0,
        delayed = 0,
        active = 0,
        failed = 0,
      } = await queue.getJobCounts('waiting', 'delayed', 'active', 'failed');
      return { waiting: waiting + delayed, inFlight: active, dead: failed };
    },
  };
}
