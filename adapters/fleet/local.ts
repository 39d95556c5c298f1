import { Fault } from '../../core/fault.ts';
import { FAILURES_KEPT_MS, loginPenaltyMs } from '../../core/login-penalty.ts';
import type { Fleet, SessionKey, SessionLimits } from '../../core/ports/fleet.ts';

/** Users at an address, and addresses, whose failures are remembered; the one that failed longest ago goes first. */
const MAX_REMEMBERED = 20_000;

interface Failures {
  count: number;
  /** performance.now() of the last one. */
  at: number;
}

/** Fleet state of one process: for a listener that has no others beside it. */
export function createLocalFleet(options: { now?: () => number } = {}): Fleet {
  const now = options.now ?? (() => performance.now());
  const byAddress = new Map<string, number>();
  const byPartner = new Map<string, number>();
  const failures = { user: new Map<string, Failures>(), address: new Map<string, Failures>() };
  let total = 0;

  const remembered = (kind: keyof typeof failures, key: string): Failures | undefined => {
    const found = failures[kind].get(key);
    if (found === undefined || now() - found.at < FAILURES_KEPT_MS) return found;
    failures[kind].delete(key);
    return undefined;
  };

  const fail = (kind: keyof typeof failures, key: string): void => {
    const count = (remembered(kind, key)?.count ?? 0) + 1;
    // Deleted first, so that the map stays in the order of the last failure.
    failures[kind].delete(key);
    failures[kind].set(key, { count, at: now() });
    if (failures[kind].size > MAX_REMEMBERED) failures[kind].delete(failures[kind].keys().next().value!);
  };

  const delayMs = (kind: keyof typeof failures, key: string): number => {
    const found = remembered(kind, key);
    return found ? Math.max(0, Math.ceil(found.at + loginPenaltyMs(kind, found.count) - now())) : 0;
  };

  return {
    async enter({ address, partner }: SessionKey, limits: SessionLimits) {
      // Only the address is counted before the login and only the partner after it, so the total is of addresses.
      requireRoom(total, address === undefined ? undefined : limits.total, 'in all');
      requireRoom(address && byAddress.get(address), limits.perAddress, 'from one address');
      requireRoom(partner && byPartner.get(partner), limits.perPartner, 'of one partner');
      if (address !== undefined) {
        total += 1;
        add(byAddress, address, 1);
      }
      if (partner !== undefined) add(byPartner, partner, 1);
      let left = false;
      return async () => {
        if (left) return;
        left = true;
        if (address !== undefined) {
          total -= 1;
          add(byAddress, address, -1);
        }
        if (partner !== undefined) add(byPartner, partner, -1);
      };
    },

    async loginDelayMs({ user, address }) {
      return Math.max(delayMs('user', userKey(user, address)), delayMs('address', address));
    },

    async loginFailed({ user, address }, failed) {
      if (!failed) {
        failures.user.delete(userKey(user, address));
        return;
      }
      fail('user', userKey(user, address));
      fail('address', address);
    },

    close: async () => undefined,
  };
}

/** An address holds no space, so no two pairs make the same key. */
const userKey = (user: string, address: string): string => `${address} ${user}`;

function requireRoom(count: number | string | undefined, limit: number | undefined, which: string): void {
  if (limit !== undefined && Number(count || 0) >= limit) {
    throw new Fault('limit-reached', `at most ${limit} sessions ${which}`);
  }
}

function add(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
