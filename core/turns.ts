import { Fault } from './fault.ts';

export interface TurnLimits {
  /** Jobs that run at once; of one owner, one. */
  readonly atOnce: number;
  /** Milliseconds that a job waits at most. One that would have to wait longer is refused at once. */
  readonly waitMs: number;
  /** Jobs that wait, of those who are known and of newcomers each. */
  readonly waiting: number;
}

export interface Asking {
  readonly owner: string;
  /** Those who are known go first, but for every NEWCOMERS_TURN-th turn. */
  readonly isKnown: boolean;
  /** Who does not wait for the answer any more lets all others go first. */
  readonly isThere: () => boolean;
}

interface Waiting extends Asking {
  readonly start: () => void;
}

/** So that newcomers have their part, however many are known. */
const NEWCOMERS_TURN = 4;
/** What the last job's time counts in the average. */
const NEWEST = 0.1;

/**
 * Runs costly jobs, few at once: an owner's one after another, in the order they came, and the owners in turn. Throws
 * `limit-reached` where the turn does not come in time.
 */
export function createTurns({ atOnce, waitMs, waiting }: TurnLimits) {
  const running = new Set<string>();
  /** By owner, in the order of their turns; none is empty. */
  const lines = new Map<string, Waiting[]>();
  let averageMs: number | undefined;
  let turns = 0;

  const firstOf = (line: readonly Waiting[]): Waiting => line.find((one) => one.isThere()) ?? line[0]!;

  const rankOf = ({ isKnown, isThere }: Waiting): number => {
    if (!isThere()) return 2;
    return isKnown === (turns % NEWCOMERS_TURN !== 0) ? 0 : 1;
  };

  const leave = (one: Waiting): void => {
    const line = lines.get(one.owner)!;
    line.splice(line.indexOf(one), 1);
    if (line.length === 0) lines.delete(one.owner);
  };

  /** The owner's next one waits until all others had theirs. */
  const putLast = (owner: string): void => {
    const line = lines.get(owner);
    lines.delete(owner);
    if (line) lines.set(owner, line);
  };

  const startNext = (): void => {
    while (running.size < atOnce) {
      const ready = [...lines.values()].map(firstOf).filter(({ owner }) => !running.has(owner));
      if (ready.length === 0) return;
      const next = ready.reduce((best, one) => (rankOf(one) < rankOf(best) ? one : best));
      leave(next);
      putLast(next.owner);
      turns += 1;
      running.add(next.owner);
      next.start();
    }
  };

  /** By what jobs took lately. Of each other owner one goes first, of this one all that are there. */
  const expectedWaitMs = ({ owner, isKnown }: Asking): number => {
    const others = [...lines.values()].map(firstOf).filter((one) => one.owner !== owner && one.isThere());
    const alike = others.filter((one) => one.isKnown === isKnown).length;
    const share = isKnown ? 1 - 1 / NEWCOMERS_TURN : 1 / NEWCOMERS_TURN;
    const round = Math.min(others.length, alike / share) / atOnce;
    const own = (lines.get(owner)?.length ?? 0) + Number(running.has(owner));
    return (averageMs ?? 0) * (own === 0 ? round : own * Math.max(1, round));
  };

  const turnOf = (asking: Asking): Promise<void> =>
    new Promise((resolve, reject) => {
      const one: Waiting = {
        ...asking,
        start() {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        leave(one);
        reject(tooMany());
      }, waitMs);
      lines.set(one.owner, [...(lines.get(one.owner) ?? []), one]);
      startNext();
    });

  return async <Result>(asking: Asking, job: () => Promise<Result>): Promise<Result> => {
    const alike = [...lines.values()].flat().filter(({ isKnown }) => isKnown === asking.isKnown);
    if (alike.length >= waiting || expectedWaitMs(asking) > waitMs) throw tooMany();
    await turnOf(asking);
    const startedAt = performance.now();
    try {
      return await job();
    } finally {
      const tookMs = performance.now() - startedAt;
      averageMs = averageMs === undefined ? tookMs : averageMs + NEWEST * (tookMs - averageMs);
      running.delete(asking.owner);
      startNext();
    }
  };
}

const tooMany = (): Fault => new Fault('limit-reached', 'too many log in at once');
