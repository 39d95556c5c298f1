import type { DataPlace, Expectations, Expecting } from '../../core/ports/expectations.ts';

/** Above it the oldest is forgotten: more connections than one process has sockets for. */
const MAX_EXPECTED = 65_536;

interface Noted {
  readonly at: DataPlace;
  readonly who: Expecting;
  /** By the same clock as `now`. */
  readonly endsAt: number;
  isTaken: boolean;
}

/** A port holds no space, so no two places make the same key. */
export const placeKey = ({ port, client }: DataPlace): string => `${port} ${client}`;

/** The expectations that one process knows of. */
export interface OwnExpectations extends Expectations {
  /** Whoever it is that expects a connection there. */
  forget(at: DataPlace): void;
  /**
   * All that have not ended and are not taken, and for how many milliseconds each holds on; those that are put while
   * somebody goes through them included.
   */
  all(): Iterable<[at: DataPlace, who: Expecting, forMs: number]>;
}

export function createOwnExpectations(now = () => performance.now()): OwnExpectations {
  const noted = new Map<string, Noted>();

  const find = (key: string): Noted | undefined => {
    const found = noted.get(key);
    if (found && found.endsAt > now()) return found;
    noted.delete(key);
    return undefined;
  };

  return {
    async put(at, who, forMs) {
      const key = placeKey(at);
      if (find(key)) return false;
      noted.set(key, { at, who, endsAt: now() + forMs, isTaken: false });
      if (noted.size > MAX_EXPECTED) noted.delete(noted.keys().next().value!);
      return true;
    },
    async take(at) {
      const found = find(placeKey(at));
      if (!found || found.isTaken) return undefined;
      found.isTaken = true;
      return found.who;
    },
    async withdraw(at, token) {
      const key = placeKey(at);
      if (find(key)?.who.token === token) noted.delete(key);
    },
    forget: (at) => void noted.delete(placeKey(at)),
    *all() {
      for (const { at, who, endsAt, isTaken } of noted.values()) {
        const forMs = endsAt - now();
        if (!isTaken && forMs > 0) yield [at, who, forMs];
      }
    },
  };
}
