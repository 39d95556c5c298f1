import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isAddressAllowed } from '../../core/addresses.ts';
import { askedLately } from '../../core/asked-lately.ts';
import type { PassiveHost } from '../../core/config.ts';

/** Milliseconds for which a name's address holds: those of a balancer change rarely, and clients dial at once. */
const NAME_KEPT_MS = 60_000;
/** Milliseconds for the resolver. */
const RESOLVE_MS = 5_000;

/**
 * Answers the host that PASV tells a client, given the listener's own address, whose subnet tells its zone: of the first
 * row that holds it. Undefined where no row does. Throws what the resolver throws when a name was never resolved.
 */
export type PassiveAddress = (own: string) => Promise<string | undefined>;

export function createPassiveAddress(rows: readonly PassiveHost[], resolve = resolveName): PassiveAddress {
  const sources = rows.map(({ networks, host }) => ({
    networks,
    address: isIP(host) === 0 ? resolved(() => resolve(host)) : async () => host,
  }));
  return async (own) => sources.find(({ networks }) => isAddressAllowed(own, networks))?.address();
}

const resolveName = async (name: string): Promise<string> => (await lookup(name, { family: 4 })).address;

/** The name's address, or the last one known while the resolver fails. */
function resolved(resolve: () => Promise<string>): () => Promise<string> {
  const ask = askedLately(resolve, { keptMs: NAME_KEPT_MS, waitMs: RESOLVE_MS });
  let last: string | undefined;
  return async () => {
    try {
      last = await ask();
    } catch (thrown) {
      if (last === undefined) throw thrown;
    }
    return last;
  };
}
