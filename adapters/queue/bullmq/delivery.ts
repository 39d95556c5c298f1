import { UnrecoverableError } from 'bullmq';
import type { Delivery } from '../../../core/ports/queue.ts';
import type { Taken } from './jobs.ts';
import { isNoLongerHeld } from './redis-fault.ts';

/** Characters of a reason that are kept. */
const MAX_REASON = 4_096;

/** `ask` runs one call to Redis. */
export function createDelivery(
  { job, token }: Taken,
  ask: <T>(call: () => Promise<T>) => Promise<T>,
): Delivery {
  const whileHeld = (call: () => Promise<unknown>): Promise<void> =>
    ask(async () => {
      try {
        await call();
      } catch (thrown) {
        if (!isNoLongerHeld(thrown)) throw thrown;
      }
    });

  return {
    id: job.id!,
    body: job.data.body,
    attempt: job.attemptsStarted,
    sentAt: new Date(job.data.redrivenAt ?? job.timestamp),
    ack: () => whileHeld(() => job.moveToCompleted(null, token, false)),
    // By way of the delayed ones also for no delay: back to the end, so that it does not keep others waiting.
    release: (delayMs) => whileHeld(() => job.moveToDelayed(Date.now() + Math.ceil(delayMs), token)),
    bury: (reason) => {
      const kept = reason.slice(0, MAX_REASON).toWellFormed();
      return whileHeld(() => job.moveToFailed(new UnrecoverableError(kept), token, false));
    },
    extend: (visibilityMs) => whileHeld(() => job.extendLock(token, Math.ceil(visibilityMs))),
  };
}
