import { Fault } from '../../core/fault.ts';
import type { SessionKey, SessionLimits } from '../../core/ports/fleet.ts';

/** One of the numbers that a session counts in. */
export interface SessionCount {
  readonly name: string;
  readonly limit: number | undefined;
  /** Which sessions these are, for the one that is refused. */
  readonly which: string;
}

/** Only the address is counted before the login and only the partner after it, so the total is of addresses. */
export function countsOf({ address, partner, sender }: SessionKey, limits: SessionLimits): SessionCount[] {
  const counts: SessionCount[] = [];
  if (address !== undefined) {
    counts.push({ name: 'all', limit: limits.total, which: 'in all' });
    counts.push({ name: `address ${address}`, limit: limits.perAddress, which: 'from one address' });
  }
  if (partner !== undefined) {
    counts.push({ name: `partner ${partner}`, limit: limits.perPartner, which: 'of one partner' });
  }
  if (partner !== undefined && sender !== undefined) {
    const name = `partner ${partner} at ${sender}`;
    counts.push({ name, limit: limits.perSender, which: 'of one partner from one address' });
  }
  return counts;
}

export const limitReached = ({ limit, which }: SessionCount): Fault =>
  new Fault('limit-reached', `at most ${limit} sessions ${which}`);

/** The sessions of one process. */
export interface OwnSessions {
  /** Throws `limit-reached`, counting only these sessions. */
  requireRoom(counts: readonly SessionCount[]): void;
  /** Counts a session in. The answer counts it out, and says whether it was still in. */
  add(counts: readonly SessionCount[]): () => boolean;
  count(name: string): number;
  /** All that are not 0. */
  all(): [name: string, count: number][];
}

export function createOwnSessions(): OwnSessions {
  const held = new Map<string, number>();
  const count = (name: string): number => held.get(name) ?? 0;
  const step = (name: string, by: 1 | -1): void => {
    const next = count(name) + by;
    if (next === 0) held.delete(name);
    else held.set(name, next);
  };
  return {
    requireRoom(counts) {
      const full = counts.find(({ name, limit }) => limit !== undefined && count(name) >= limit);
      if (full) throw limitReached(full);
    },
    add(counts) {
      for (const { name } of counts) step(name, 1);
      let isIn = true;
      return () => {
        if (!isIn) return false;
        isIn = false;
        for (const { name } of counts) step(name, -1);
        return true;
      };
    },
    count,
    all: () => [...held],
  };
}
