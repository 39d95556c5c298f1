import type { DataPlace, Expectations, ExpectedPlace, Expecting } from '../../core/ports/expectations.ts';

/** Above it the oldest is forgotten: more connections than one process has sockets for. */
const MAX_EXPECTED = 65_536;

interface Noted {
  readonly at: ExpectedPlace;
  readonly who: Expecting;
  /** By the same clock as `now`. */
  readonly endsAt: number;
  isTaken: boolean;
}

/** A port holds no space, so no two places make the same key. */
export const placeKey = ({ port, client }: DataPlace): string => `${port} ${client}`;

const keysOf = (port: number, names: readonly string[]): readonly string[] =>
  names.map((client) => placeKey({ port, client }));

/** Of the places that nobody else may have, and of the networks of which nobody may have the whole. */
export const keysOfPlace = ({ port, client, others = [], within = [] }: ExpectedPlace) => ({
  own: keysOf(port, [client, ...others]),
  within: keysOf(port, within),
});

/** The expectations that one process knows of. */
export interface OwnExpectations extends Expectations {
  /** Whoever it is that expects a connection there, or where it would be in the way. */
  forget(at: ExpectedPlace): void;
  /**
   * All that have not ended and are not taken, and for how many milliseconds each holds on; those that are put while
   * somebody goes through them included.
   */
  all(): Iterable<[at: ExpectedPlace, who: Expecting, forMs: number]>;
}

export function createOwnExpectations(now = () => performance.now()): OwnExpectations {
  const noted = new Set<Noted>();
  const owners = new Map<string, Noted>();
  /** By a network's key, those that expect a connection from within it. */
  const inside = new Map<string, Set<Noted>>();

  const remove = (one: Noted): void => {
    const { own, within } = keysOfPlace(one.at);
    noted.delete(one);
    for (const key of own) owners.delete(key);
    for (const key of within) {
      const all = inside.get(key);
      all?.delete(one);
      if (all?.size === 0) inside.delete(key);
    }
  };

  const isHere = (one: Noted): boolean => {
    if (one.endsAt > now()) return true;
    remove(one);
    return false;
  };

  const find = (key: string): Noted | undefined => {
    const found = owners.get(key);
    return found && isHere(found) ? found : undefined;
  };

  const inTheWay = (at: ExpectedPlace): readonly Noted[] => {
    const { own, within } = keysOfPlace(at);
    return [
      ...[...own, ...within].flatMap((key) => find(key) ?? []),
      ...own.flatMap((key) => [...(inside.get(key) ?? [])].filter(isHere)),
    ];
  };

  return {
    mayPut: () => true,
    async put(at, who, forMs) {
      if (inTheWay(at).length > 0) return false;
      const one: Noted = { at, who, endsAt: now() + forMs, isTaken: false };
      const { own, within } = keysOfPlace(at);
      noted.add(one);
      for (const key of own) owners.set(key, one);
      for (const key of within) inside.set(key, (inside.get(key) ?? new Set()).add(one));
      if (noted.size > MAX_EXPECTED) remove(noted.values().next().value!);
      return true;
    },
    async take(at) {
      const found = find(placeKey(at));
      if (!found || found.isTaken) return undefined;
      found.isTaken = true;
      return found.who;
    },
    async withdraw(at, token) {
      const found = find(placeKey(at));
      if (found?.who.token === token) remove(found);
    },
    forget(at) {
      for (const one of inTheWay(at)) remove(one);
    },
    *all() {
      for (const { at, who, endsAt, isTaken } of noted) {
        const forMs = endsAt - now();
        if (!isTaken && forMs > 0) yield [at, who, forMs];
      }
    },
  };
}
