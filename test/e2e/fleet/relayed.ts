import type { Fleet } from './fleet.ts';

/** How many data connections came to another listener than the one that expected them, in words. */
export async function showRelayed(fleet: Fleet): Promise<string> {
  const [relayed, direct] = await Promise.all([
    fleet.count('landfall_relays_total{outcome="relayed"}'),
    fleet.count('landfall_data_connections_direct_total'),
  ]);
  const share = Math.round((100 * relayed) / (relayed + direct));
  return `${relayed} of ${relayed + direct} data connections relayed (${share} %)`;
}
