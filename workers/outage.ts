import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports/log.ts';

/** Says once that the queue does not answer, and once that it does again, whoever notices. */
export interface Outage {
  began(thrown: unknown): void;
  over(): void;
}

export function createOutage(log: Log): Outage {
  let since: number | undefined;
  return {
    began(thrown) {
      if (since !== undefined) return;
      since = performance.now();
      const { code, message, cause } = Fault.from(thrown);
      log.error({ code, cause: cause ?? thrown }, message);
    },
    over() {
      if (since === undefined) return;
      log.info({ ms: Math.round(performance.now() - since) }, 'the queue answers again');
      since = undefined;
    },
  };
}
