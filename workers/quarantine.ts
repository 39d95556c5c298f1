import type { Arrival } from '../core/arrival.ts';
import { Fault } from '../core/fault.ts';
import { baseName } from '../core/paths.ts';
import type { Objects } from '../core/ports/store.ts';

/**
 * Moves what the arrival published to `quarantine/<arrival>/<name>`, out of reach of partners and targets, and answers
 * that key. Where the partner has replaced, renamed or removed it meanwhile, or an attempt before this one has moved
 * it, the arrival's bytes are copied there: a copy that is there already is the same.
 */
export async function quarantine(objects: Objects, arrival: Arrival): Promise<string> {
  const place = `quarantine/${arrival.id}/${baseName(arrival.path)}`;
  try {
    await objects.rename(arrival.key, place, { arrival: arrival.id, replace: true });
  } catch (thrown) {
    if (!(thrown instanceof Fault && thrown.code === 'not-found')) throw thrown;
    await objects.copy(arrival.key, place, { arrival: arrival.id, replace: true });
  }
  return place;
}
