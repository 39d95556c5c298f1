/** For a request while nothing has been answered for as long as the whole deadline, in milliseconds. */
const KNOWN_DOWN_MS = 5_000;

/**
 * How long a request is repeated. The first ones of an outage have the whole deadline, so that a short one is noticed
 * by nobody; once it has lasted as long, those that follow get little, so that a sender who waits for several of
 * them, one after the other, is told soon. One answer, and everything is as before.
 */
export interface Patience {
  /** When a request that began then must be over. */
  until(began: number): number;
  /** The store answered. */
  answered(): void;
  /** An attempt that began then came to nothing. */
  failed(began: number): void;
}

export function createPatience(deadlineMs: number, now = (): number => performance.now()): Patience {
  const leastMs = Math.min(KNOWN_DOWN_MS, deadlineMs);
  let outage: { readonly since: number; lastFailure: number } | undefined;
  return {
    until(began) {
      const atMost = began + deadlineMs;
      // What was not asked for so long may well be there again.
      if (!outage || began - outage.lastFailure > deadlineMs) return atMost;
      // It is younger than the request where others are answered in between.
      return Math.min(atMost, Math.max(began + leastMs, outage.since + deadlineMs));
    },
    answered() {
      outage = undefined;
    },
    failed(began) {
      outage ??= { since: began, lastFailure: began };
      outage.lastFailure = now();
    },
  };
}
