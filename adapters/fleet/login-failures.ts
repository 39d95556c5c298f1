import { FAILURES_KEPT_MS, loginPenaltyMs } from '../../core/login-penalty.ts';
import type { LoginKey } from '../../core/ports/fleet.ts';

/** Users at an address, and addresses, whose failures are remembered; the one that failed longest ago goes first. */
export const MAX_REMEMBERED = 20_000;

interface Failures {
  count: number;
  /** performance.now() of the last one. */
  at: number;
}

/** An address holds no space, so no two pairs make the same key. */
export const userKey = ({ user, address }: LoginKey): string => `${address} ${user}`;

/** The failed logins that one process knows of. */
export interface LoginFailures {
  delayMs(who: LoginKey): number;
  add(who: LoginKey): void;
  /** The user's, not the address's. */
  forget(who: LoginKey): void;
}

export function createLoginFailures(now = () => performance.now()): LoginFailures {
  const failures = { user: new Map<string, Failures>(), address: new Map<string, Failures>() };

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
    delayMs: (who) => Math.max(delayMs('user', userKey(who)), delayMs('address', who.address)),
    add(who) {
      fail('user', userKey(who));
      fail('address', who.address);
    },
    forget: (who) => void failures.user.delete(userKey(who)),
  };
}
