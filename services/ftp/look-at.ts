import { Fault } from '../../core/fault.ts';
import { actions } from '../../core/partner.ts';
import { allows } from '../../core/permissions.ts';
import type { Entry } from '../../core/ports/store.ts';
import type { Zone } from '../../core/zone.ts';

/**
 * What is at the path, or undefined for a partner that may not look there but do something else: into a drop box one
 * may go, and write, without seeing what is there. Throws `not-found`, `not-permitted`.
 */
export async function lookAt(zone: Zone, path: string): Promise<Entry | undefined> {
  try {
    return await zone.stat(path);
  } catch (thrown) {
    const mayNotLook = thrown instanceof Fault && thrown.code === 'not-permitted';
    if (mayNotLook && actions.some((action) => allows(zone.partner, action, path))) return undefined;
    throw thrown;
  }
}
