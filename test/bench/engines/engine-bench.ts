export interface BenchLengths {
  readonly quick: boolean;
  /** Rounds that count. */
  readonly rounds: number;
}

/** Measures one engine, and prints what it found. */
export type EngineBench = (lengths: BenchLengths) => Promise<void>;
