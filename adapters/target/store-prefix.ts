import { Buffer } from 'node:buffer';
import type { Arrival } from '../../core/arrival.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';
import { MAX_KEY_BYTES } from '../../core/paths.ts';
import type { Store } from '../../core/ports/store.ts';
import type { Target } from '../../core/ports/target.ts';
import type { prefixPlaceholders, TargetSpec } from '../../core/target-spec.ts';
import { deliveredNames } from './delivered-names.ts';

/** Another folder of the same store; the store itself copies. The copy's arrival tells whether it is ours already. */
export function createStorePrefixTarget(
  { prefix, existing }: Extract<TargetSpec, { to: 'store' }>,
  { objects }: Pick<Store, 'objects'>,
): Target {
  const isAt = async (key: string, arrival: string) => (await objects.head(key))?.arrival === arrival;

  return {
    async deliver({ arrival }) {
      const keys = deliveredNames(arrival, existing).map((name) => `${filled(prefix, arrival)}/${name}`);
      for (const key of keys) requireKey(key);
      // All of them before any is written: what had the first name may have gone since the last attempt.
      for (const key of keys) if (await isAt(key, arrival.id)) return { place: key };
      for (const key of keys) {
        const options = { replace: existing === 'replace', arrival: arrival.id };
        if (!(await taken(objects.copy(arrival.key, key, options)))) return { place: key };
        // Another attempt may have been quicker by a moment.
        if (await isAt(key, arrival.id)) return { place: key };
      }
      throw new Fault('target-refused', `there is another ${keys.at(-1)}`);
    },
  };
}

const inTheWay: readonly FaultCode[] = ['exists', 'is-a-folder', 'not-a-folder'];

async function taken(copy: Promise<void>): Promise<boolean> {
  try {
    await copy;
    return false;
  } catch (thrown) {
    if (thrown instanceof Fault && inTheWay.includes(thrown.code)) return true;
    throw thrown;
  }
}

function filled(prefix: string, arrival: Arrival): string {
  const values: Record<(typeof prefixPlaceholders)[number], string> = {
    partner: arrival.partner,
    feed: arrival.feed,
    date: arrival.receivedAt.slice(0, 10),
    arrival: arrival.id,
  };
  return prefix.replace(/\{(\w+)\}/g, (_, name: keyof typeof values) => values[name]);
}

function requireKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new Fault('target-refused', `the key would have more than ${MAX_KEY_BYTES} bytes`);
  }
}
