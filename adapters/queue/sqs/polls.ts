import type { Received } from './message.ts';
import type { RemoteQueue } from './remote-queue.ts';

/** Long polls whose receivers may leave before the answer. */
export interface Polls {
  /**
   * Up to `max` messages, within `waitMs` or so; none when `signal` aborts. Throws `queue-down`.
   *
   * SQS goes on with a long poll that its client has given up, and what it then answers is hidden and in nobody's
   * hands. So a poll is never given up: one that its receiver left is taken over by the next receiver of this
   * process, and what it brings while there is none is given back at once, which counts as an attempt.
   */
  receive(wanted: Wanted, signal: AbortSignal): Promise<Received[]>;
}

interface Wanted {
  readonly max: number;
  readonly waitMs: number;
  readonly visibilityMs: number;
}

interface Poll {
  readonly answer: Promise<Received[]>;
  readonly visibilityMs: number;
}

const LEFT = Symbol('the receiver left');

export function createPolls(queue: RemoteQueue): Polls {
  const left = new Set<Poll>();

  const leave = (poll: Poll): void => {
    left.add(poll);
    const giveBack = async (messages: Received[]): Promise<void> => {
      if (left.delete(poll)) await Promise.all(messages.map((message) => queue.hide(message, 0)));
    };
    // An error is nobody's any more; what could not be given back comes after its visibility timeout.
    poll.answer.then(giveBack).catch(() => left.delete(poll));
  };

  const takeOver = (): Poll | undefined => {
    const [poll] = left;
    if (poll) left.delete(poll);
    return poll;
  };

  /** A poll that was taken over may have more messages than are wanted, hidden for another time. */
  const trim = async (
    messages: Received[],
    { max, visibilityMs }: Wanted,
    poll: Poll,
  ): Promise<Received[]> => {
    await Promise.all(messages.slice(max).map((message) => queue.hide(message, 0)));
    const taken = messages.slice(0, max);
    if (poll.visibilityMs === visibilityMs) return taken;
    const held = await Promise.all(taken.map((message) => queue.hide(message, visibilityMs)));
    return taken.filter((_, index) => held[index]);
  };

  return {
    async receive(wanted, signal) {
      const { waitMs, visibilityMs } = wanted;
      // One that does not wait at all has to be asked.
      const other = waitMs > 0 ? takeOver() : undefined;
      const poll = other ?? { answer: queue.receive(wanted), visibilityMs };
      const answer = await unlessLeft(poll.answer, signal, other && waitMs);
      if (answer !== LEFT) return trim(answer, wanted, poll);
      leave(poll);
      return [];
    },
  };
}

/** The answer, unless `signal` aborts or `waitMs` are over before it. */
function unlessLeft<T>(answer: Promise<T>, signal: AbortSignal, waitMs?: number): Promise<T | typeof LEFT> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(LEFT);
    const timer = waitMs === undefined ? undefined : setTimeout(leave, waitMs);
    signal.addEventListener('abort', leave);
    const settled = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    };
    answer.finally(settled).then(resolve, reject);
    if (signal.aborted) leave();
  });
}
