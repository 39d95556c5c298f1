/** Numbers that look random and are the same for the same seed (mulberry32): what failed can be run again. */
export interface Random {
  /** From 0 to, not including, `below`. */
  number(below: number): number;
  chance(probability: number): boolean;
  of<Item>(items: readonly Item[]): Item;
  bytes(length: number): Buffer;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const number = (below: number): number => Math.floor(next() * below);
  return {
    number,
    chance: (probability) => next() < probability,
    of: (items) => items[number(items.length)]!,
    bytes: (length) => Buffer.from(Array.from({ length }, () => number(256))),
  };
}
