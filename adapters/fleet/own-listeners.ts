import type { Listeners } from '../../core/ports/listeners.ts';

/** What this process says of itself: where it is reached. */
export interface OwnListeners extends Listeners {
  /** The addresses that are joined now. */
  addresses(): readonly string[];
}

export function createOwnListeners(): OwnListeners {
  const joined = new Map<symbol, string>();
  return {
    async join(address) {
      const one = Symbol(address);
      joined.set(one, address);
      return async () => void joined.delete(one);
    },
    living: async () => [...joined.values()],
    addresses: () => [...joined.values()],
  };
}
