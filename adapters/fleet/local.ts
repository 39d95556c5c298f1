import type { Fleet } from '../../core/ports/fleet.ts';
import { createLoginFailures } from './login-failures.ts';
import { countsOf, createOwnSessions } from './session-counts.ts';

/** Fleet state of one process: for a listener that has no others beside it. */
export function createLocalFleet(options: { now?: () => number } = {}): Fleet {
  const sessions = createOwnSessions();
  const failures = createLoginFailures(options.now);
  return {
    async enter(who, limits) {
      const counts = countsOf(who, limits);
      sessions.requireRoom(counts);
      const leave = sessions.add(counts);
      return async () => void leave();
    },
    loginDelayMs: async (who) => failures.delayMs(who),
    async loginFailed(who, failed) {
      if (failed) failures.add(who);
      else failures.forget(who);
    },
    close: async () => undefined,
  };
}
