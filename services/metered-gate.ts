import { Fault } from '../core/fault.ts';
import type { Gate } from '../core/gate.ts';
import type { Metrics } from '../core/ports/metrics.ts';

/** The gate, with its logins counted by outcome. */
export const meteredGate = (gate: Gate, metrics: Metrics): Gate => ({
  ...gate,
  async login(caller, password) {
    try {
      const partner = await gate.login(caller, password);
      metrics.add('landfall_logins_total', { outcome: 'accepted' });
      return partner;
    } catch (thrown) {
      metrics.add('landfall_logins_total', { outcome: Fault.from(thrown).code });
      throw thrown;
    }
  },
  loginByCertificate(caller) {
    const partner = gate.loginByCertificate(caller);
    if (partner) metrics.add('landfall_logins_total', { outcome: 'accepted' });
    return partner;
  },
});
