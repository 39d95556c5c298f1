import { Fault } from './fault.ts';

export interface Patience {
  /** Milliseconds for which an answer holds, a fault too. */
  readonly keptMs: number;
  /** Milliseconds that whoever asks waits. */
  readonly waitMs: number;
}

/**
 * The same question, put to the world no more often than `keptMs` and never twice at once, however many ask; one that
 * gets no answer is `timed-out` for all of them until it ends.
 */
export function askedLately<Answer>(
  ask: () => Promise<Answer>,
  { keptMs, waitMs }: Patience,
): () => Promise<Answer> {
  let last: Promise<Answer> | undefined;
  let endsAt = Number.POSITIVE_INFINITY;

  const begin = (): Promise<Answer> => {
    endsAt = Number.POSITIVE_INFINITY;
    // Its own step, so that what throws at once is an answer like any other.
    const asked = Promise.resolve().then(ask);
    const kept = (): void => {
      endsAt = performance.now() + keptMs;
    };
    asked.then(kept, kept);
    return asked;
  };

  return async () => {
    if (!last || performance.now() >= endsAt) last = begin();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Fault('timed-out')), waitMs);
    try {
      return await Promise.race([last, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
