import { isAddressAllowed } from '../../../core/addresses.ts';

/** The other ends that a data connection may have. */
export interface Origins {
  /** The control connection's. */
  readonly client: string;
  /** Further addresses and networks, of a partner that is known to have several. */
  readonly others: readonly string[];
}

export const isFrom = ({ client, others }: Origins, address: string): boolean =>
  address === client || (others.length > 0 && isAddressAllowed(address, others));

const firstAddresses = ({ client, others }: Origins): readonly string[] => [
  client,
  ...others.map((rule) => rule.split('/', 1)[0]!),
];

/** Whether an address may be of both. Of two networks that share one, the larger has the first one of the smaller. */
export const overlap = (one: Origins, other: Origins): boolean =>
  firstAddresses(one).some((address) => isFrom(other, address)) ||
  firstAddresses(other).some((address) => isFrom(one, address));
