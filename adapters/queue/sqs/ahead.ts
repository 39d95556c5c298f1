import type { Received } from './message.ts';
import type { Polls } from './polls.ts';
import type { RemoteQueue } from './remote-queue.ts';

/** Messages that are fetched ahead: as many as SQS gives in one request. */
const BATCH = 10;
/** Milliseconds in which a batch was done where the next one is wanted soon. */
const QUICK_MS = 1_000;
/** The part of its visibility timeout that a message waits here; then it is given back, which counts as an attempt. */
const WAIT_SHARE = 1 / 6;

/**
 * Polls of a queue that fetch the next messages while quick ones are worked on, so that no worker waits for a round
 * trip. Behind work that takes long nothing is fetched ahead: it would wait here while others have time for it.
 */
export interface Ahead extends Polls {
  /** One message is done. */
  done(): void;
  /** Gives back what waits here. */
  close(): Promise<void>;
}

interface Waiting {
  readonly message: Received;
  readonly visibilityMs: number;
}

export function createAhead(polls: Polls, queue: Pick<RemoteQueue, 'receive' | 'hide'>): Ahead {
  let waiting: Waiting[] = [];
  /** Of the last batch. */
  const doneAt: number[] = [];
  let fetching: Promise<void> | undefined;
  let closed = false;

  const leave = async (batch: readonly Waiting[]): Promise<void> => {
    const left = waiting.filter((one) => batch.includes(one));
    waiting = waiting.filter((one) => !batch.includes(one));
    // What cannot be given back comes after its visibility timeout.
    await Promise.all(left.map(({ message }) => queue.hide(message, 0))).catch(() => undefined);
  };

  const fetch = async (visibilityMs: number): Promise<void> => {
    const messages = await queue.receive({ max: BATCH, waitMs: 0, visibilityMs });
    const batch = messages.map((message) => ({ message, visibilityMs }));
    waiting.push(...batch);
    if (batch.length > 0) setTimeout(() => leave(batch), visibilityMs * WAIT_SHARE).unref();
  };

  const fetchAhead = (visibilityMs: number): void => {
    const isQuick = doneAt.length === BATCH && performance.now() - doneAt[0]! < QUICK_MS;
    if (!isQuick || waiting.length > 0 || fetching || closed) return;
    fetching = fetch(visibilityMs)
      // Who asks next meets it, too.
      .catch(() => undefined)
      .finally(() => {
        fetching = undefined;
      });
  };

  const take = ({ max, visibilityMs }: { max: number; visibilityMs: number }): Received[] => {
    const taken = waiting.filter((one) => one.visibilityMs === visibilityMs).slice(0, max);
    waiting = waiting.filter((one) => !taken.includes(one));
    return taken.map(({ message }) => message);
  };

  return {
    async receive(wanted, signal) {
      const taken = take(wanted);
      const messages = taken.length > 0 ? taken : await polls.receive(wanted, signal);
      if (!signal.aborted) fetchAhead(wanted.visibilityMs);
      return messages;
    },
    done() {
      doneAt.push(performance.now());
      if (doneAt.length > BATCH) doneAt.shift();
    },
    async close() {
      closed = true;
      await fetching;
      await leave(waiting);
    },
  };
}
