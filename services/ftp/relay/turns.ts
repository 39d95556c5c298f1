/** Lets so many jobs of one name run at once; the next ones wait for their turn, in order. */
export type Turns = <Result>(name: string, job: () => Promise<Result>) => Promise<Result>;

export function createTurns(atOnce: number): Turns {
  const running = new Map<string, { count: number; readonly waiting: (() => void)[] }>();
  return async (name, job) => {
    const line = running.get(name) ?? { count: 0, waiting: [] };
    running.set(name, line);
    if (line.count < atOnce) line.count += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await job();
    } finally {
      // Who waits has the place of the one who leaves.
      const next = line.waiting.shift();
      if (next) next();
      else line.count -= 1;
      if (line.count === 0) running.delete(name);
    }
  };
}
