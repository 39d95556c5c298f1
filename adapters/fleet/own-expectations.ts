import type { DataPlace, Expectations, Expecting } from '../../core/ports/expectations.ts';

/** Above it the oldest is forgotten: more connections than one process has sockets for. */
const MAX_EXPECTED = 65_536;

interface Noted {
  readonly at: DataPlace;
  readonly who: Expecting;
  /** By the same clock as `now`. */
  readonly endsAt: number;
}

/** A port holds no space, so no two places make the same key. */
export const placeKey = ({ port, client }: DataPlace): string => `${port} ${client}`;

/** The expectations that one process knows of. */
export interface OwnExpectations extends Expectations {
  /** All that have not ended, and for how many milliseconds each holds on. */
  all(): [at: DataPlace, who: Expecting, forMs: number][];
}

export function createOwnExpectations(now = () => performance.now()): OwnExpectations {
  const noted = new Map<string, Noted>();

  const find = (key: string): Expecting | undefined => {
    const found = noted.get(key);
    if (found && found.endsAt > now()) return found.who;
    noted.delete(key);
    return undefined;
  };

  return {
    async put(at, who, forMs) {
      const key = placeKey(at);
      if (find(key)) return false;
      noted.set(key, { at, who, endsAt: now() + forMs });
      if (noted.size > MAX_EXPECTED) noted.delete(noted.keys().next().value!);
      return true;
    },
    async take(at) {
      const key = placeKey(at);
      const who = find(key);
      noted.delete(key);
      return who;
    },
    async withdraw(at, token) {
      const key = placeKey(at);
      if (find(key)?.token === token) noted.delete(key);
    },
    all: () =>
      [...noted.values()]
        .map(({ at, who, endsAt }): [DataPlace, Expecting, number] => [at, who, endsAt - now()])
        .filter(([, , forMs]) => forMs > 0),
  };
}
