import { addressOf, isAddressAllowed } from '../../../core/addresses.ts';
import { asSocketsSay } from '../client-address.ts';

/** The other ends that a data connection may have. */
export interface Origins {
  /** The control connection's. */
  readonly client: string;
  /** Further addresses and networks, of a partner that is known to have several. */
  readonly others: readonly string[];
}

export const isFrom = ({ client, others }: Origins, address: string): boolean =>
  address === client || (others.length > 0 && isAddressAllowed(address, others));

/** What the fleet knows them by: addresses, and networks as the partner's file has them. */
export const namesOf = ({ client, others }: Origins): readonly [client: string, ...others: string[]] => {
  const names = others.map((rule) => (rule.includes('/') ? rule : asSocketsSay(rule)));
  return [client, ...new Set(names.filter((name) => name !== client))];
};

const firstAddresses = ({ client, others }: Origins): readonly string[] => [client, ...others.map(addressOf)];

/** Whether an address may be of both. Of two networks that share one, the larger has the first one of the smaller. */
export const overlap = (one: Origins, other: Origins): boolean =>
  firstAddresses(one).some((address) => isFrom(other, address)) ||
  firstAddresses(other).some((address) => isFrom(one, address));
