import { doOverlap, isAddressAllowed } from './addresses.ts';
import type { Partner } from './partner.ts';
import type { Partners } from './ports/partners.ts';

interface Read {
  readonly of: readonly Partner[];
  readonly rules: readonly string[];
  /** By the networks that were asked for. */
  readonly overlapping: Map<string, readonly string[]>;
}

/**
 * Of the further addresses and networks that partners' data connections may come from, those that an address or network
 * has an address in common with. Each passive data connection asks, and partners' files are read seldom.
 */
export function createDataAddresses(partners: Pick<Partners, 'all'>): (rule: string) => readonly string[] {
  let read: Read | undefined;
  const current = (): Read => {
    const of = partners.all();
    if (read?.of !== of) {
      const rules = [...new Set(of.flatMap(({ ftp }) => ftp.dataAddresses))];
      read = { of, rules, overlapping: new Map() };
    }
    return read;
  };

  return (rule) => {
    const { rules, overlapping } = current();
    const find = (): readonly string[] => rules.filter((other) => doOverlap(rule, other));
    // Of most addresses one look at all rules says that there is none; and there are too many to keep what was found.
    if (!rule.includes('/')) return rules.length > 0 && isAddressAllowed(rule, rules) ? find() : [];
    const found = overlapping.get(rule) ?? find();
    overlapping.set(rule, found);
    return found;
  };
}
