import { Fault } from '../core/fault.ts';
import type { Fleet } from '../core/ports/fleet.ts';
import type { Metrics } from '../core/ports/metrics.ts';

/** The fleet, with this listener's sessions counted. Before the login a session is counted by its address. */
export function meteredFleet(fleet: Fleet, metrics: Metrics): Fleet {
  let open = 0;
  metrics.watch('landfall_sessions', () => [{ labels: {}, value: open }]);
  return {
    ...fleet,
    async enter(who, limits) {
      if (who.address === undefined) return fleet.enter(who, limits);
      let leave: () => Promise<void>;
      try {
        leave = await fleet.enter(who, limits);
      } catch (thrown) {
        if (Fault.from(thrown).code === 'limit-reached')
          metrics.add('landfall_connections_refused_total', {});
        throw thrown;
      }
      metrics.add('landfall_sessions_opened_total', {});
      open += 1;
      let isIn = true;
      return async () => {
        if (isIn) open -= 1;
        isIn = false;
        await leave();
      };
    },
  };
}
