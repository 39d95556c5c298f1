import type { Fleet } from '../../core/ports/fleet.ts';
import { createKnownSenders } from './known-senders.ts';
import { createLoginFailures } from './login-failures.ts';
import { createOwnExpectations } from './own-expectations.ts';
import { createOwnListeners } from './own-listeners.ts';
import { createOwnTicketKeys } from './own-ticket-keys.ts';
import { countsOf, createOwnSessions } from './session-counts.ts';

/** Fleet state of one process: for a listener that has no others beside it. */
export function createLocalFleet(options: { now?: () => number } = {}): Fleet {
  const sessions = createOwnSessions();
  const failures = createLoginFailures(options.now);
  const known = createKnownSenders(options.now);
  return {
    listeners: createOwnListeners(),
    expectations: createOwnExpectations(options.now),
    ticketKeys: createOwnTicketKeys(options.now),
    async enter(who, limits) {
      const counts = countsOf(who, limits);
      sessions.requireRoom(counts);
      const leave = sessions.add(counts);
      return async () => void leave();
    },
    loginDelayMs: async (who) => failures.delayMs(who),
    async loginFailed(who, failed) {
      if (failed) return failures.add(who);
      failures.forget(who);
      known.add(who.address);
    },
    hasLoggedIn: async (address) => known.has(address),
    aloneSince: () => undefined,
    close: async () => undefined,
  };
}
