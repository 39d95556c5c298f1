/** A number of places for things that run at once. */
export interface Slots {
  readonly free: number;
  /** Takes a place; waits for one, in the order of asking. A free one is taken before this returns. */
  take(): Promise<void>;
  give(): void;
  /** Resolves when there is a free place; another may be quicker. */
  whenFree(): Promise<void>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const takers: (() => void)[] = [];
  const watchers: (() => void)[] = [];
  return {
    get free() {
      return free;
    },
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => takers.push(resolve));
    },
    give() {
      const taker = takers.shift();
      if (taker) return taker();
      free += 1;
      for (const watcher of watchers.splice(0)) watcher();
    },
    async whenFree() {
      if (free === 0) await new Promise<void>((resolve) => watchers.push(resolve));
    },
  };
}
