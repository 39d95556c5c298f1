import { senderOf } from '../../../core/addresses.ts';

/** Questions to the fleet in one second for one sender; the next ones are spared. Its transfers in parallel fit in. */
const PER_SENDER = 200;
/** Questions that have no answer yet; the next ones wait for their turn. */
const AT_ONCE = 256;
/** Of those so many: a crowd that comes at once is served, if later. */
const MAX_WAITING = 2_000;
/** Senders whose questions are counted; the one that was first goes first. */
const MAX_SENDERS = 10_000;
const WINDOW_MS = 1_000;

/**
 * Bounds what strays can make a listener ask of the fleet, so that who floods a passive port floods neither Redis nor
 * those who wait for an answer.
 */
export interface Lookups {
  /** Asks, or answers undefined at once where there have been too many questions. */
  ask<Answer>(from: string, question: () => Promise<Answer>): Promise<Answer | undefined>;
}

export function createLookups(now = () => performance.now()): Lookups {
  const asked = new Map<string, { since: number; count: number }>();
  const waiting: (() => void)[] = [];
  let atOnce = 0;

  const isTooMany = (sender: string): boolean => {
    const window = asked.get(sender);
    if (window && now() - window.since < WINDOW_MS) {
      window.count += 1;
      return window.count > PER_SENDER;
    }
    // Deleted first, so that the map stays in the order of the windows' beginnings.
    asked.delete(sender);
    asked.set(sender, { since: now(), count: 1 });
    if (asked.size > MAX_SENDERS) asked.delete(asked.keys().next().value!);
    return false;
  };

  return {
    async ask(from, question) {
      if (waiting.length >= MAX_WAITING || isTooMany(senderOf(from))) return undefined;
      if (atOnce < AT_ONCE) atOnce += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await question();
      } finally {
        // Who waits has the place of the one who leaves.
        const next = waiting.shift();
        if (next) next();
        else atOnce -= 1;
      }
    },
  };
}
