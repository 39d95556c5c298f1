import type { Delivery } from '../../../core/ports/queue.ts';
import type { Received, Sending } from './message.ts';
import type { RemoteQueue } from './remote-queue.ts';
import { earlyReceives } from './times.ts';

/** A queue with its dead letters. */
export interface Pair {
  readonly main: RemoteQueue;
  readonly dead: RemoteQueue;
}

/** Milliseconds to bury a message in. */
const BURIAL_MS = 60_000;
/** Characters of a reason that are kept. */
const MAX_REASON = 4_096;

/** Not counted: when it was received too early, and hidden again. */
export const attemptOf = ({ count, sentAt, attributes }: Received): number =>
  Math.max(1, count - earlyReceives(sentAt.getTime(), Number(attributes.notBefore ?? 0)));

export const deadLetter = (message: Received, reason: string): Sending => ({
  body: message.body,
  group: message.group,
  attributes: {
    reason: reason.slice(0, MAX_REASON).toWellFormed(),
    attempt: String(attemptOf(message)),
  },
});

/**
 * The message in this consumer's hands. SQS may still take an old receipt handle when nobody has received the
 * message since: this clock decides when the visibility timeout is over.
 */
export function createDelivery(
  { main, dead }: Pair,
  message: Received,
  visibilityMs: number,
  done: () => void,
): Delivery {
  const { id, body, sentAt } = message;
  let heldUntil = message.receivedAt + visibilityMs;
  const isHeld = (): boolean => performance.now() < heldUntil;

  const hold = async (ms: number): Promise<boolean> => {
    const until = performance.now() + ms;
    if (!isHeld()) return false;
    const held = await main.hide(message, ms);
    heldUntil = held ? until : 0;
    return held;
  };

  return {
    id,
    body,
    attempt: attemptOf(message),
    sentAt,
    async ack() {
      if (isHeld()) await main.remove(message);
      done();
    },
    async release(delayMs) {
      await hold(delayMs);
      heldUntil = 0;
    },
    /**
     * Dead first, then gone: after a crash between the two it is a dead letter and comes again as well, so that it
     * is done or buried twice, and never lost. Hidden for long enough before, so that nobody else has it meanwhile.
     */
    async bury(reason) {
      if (!(await hold(BURIAL_MS))) return;
      await dead.send(deadLetter(message, reason));
      await main.remove(message);
    },
    async extend(ms) {
      await hold(ms);
    },
  };
}
