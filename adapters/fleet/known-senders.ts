/** How long an address from which somebody logged in is known, in milliseconds: those who send once a month come back. */
export const KNOWN_MS = 35 * 24 * 60 * 60_000;
/** Addresses that are known; the one from which nobody has logged in for longest goes first. */
export const MAX_KNOWN = 20_000;

/** The addresses from which somebody has logged in, as one process knows them. */
export interface KnownSenders {
  add(address: string): void;
  has(address: string): boolean;
}

export function createKnownSenders(now = () => performance.now()): KnownSenders {
  const lastAt = new Map<string, number>();
  return {
    add(address) {
      // Deleted first, so that the map stays in the order of the last login.
      lastAt.delete(address);
      lastAt.set(address, now());
      if (lastAt.size > MAX_KNOWN) lastAt.delete(lastAt.keys().next().value!);
    },
    has: (address) => now() - (lastAt.get(address) ?? Number.NEGATIVE_INFINITY) < KNOWN_MS,
  };
}
