import { Fault } from './fault.ts';

export interface TurnLimits {
  /** Jobs that run at once; of one owner, one. */
  readonly atOnce: number;
  /** Jobs that wait, in all and of one owner. */
  readonly waiting: number;
  readonly waitingPerOwner: number;
}

interface Waiting {
  readonly owner: string;
  readonly start: () => void;
}

/**
 * Runs costly jobs, few at once and an owner's one after another, in the order they came. Throws `limit-reached`
 * where too many wait already.
 */
export function createTurns({ atOnce, waiting, waitingPerOwner }: TurnLimits) {
  const running = new Set<string>();
  const queue: Waiting[] = [];

  const startNext = (): void => {
    for (let index = 0; index < queue.length && running.size < atOnce; ) {
      const { owner, start } = queue[index]!;
      if (running.has(owner)) {
        index += 1;
        continue;
      }
      queue.splice(index, 1);
      running.add(owner);
      start();
    }
  };

  return async <Result>(owner: string, job: () => Promise<Result>): Promise<Result> => {
    const own = queue.filter((one) => one.owner === owner).length;
    if (queue.length >= waiting || own >= waitingPerOwner) throw new Fault('limit-reached');
    await new Promise<void>((start) => {
      queue.push({ owner, start });
      startNext();
    });
    try {
      return await job();
    } finally {
      running.delete(owner);
      startNext();
    }
  };
}
