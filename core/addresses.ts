import { BlockList, isIP } from 'node:net';

/** `::ffff:192.0.2.1`, as a dual-stack listener sees IPv4 clients, is 192.0.2.1 (RFC 4291, 2.5.5.2). */
export const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Every connection asks, and rules are read once. */
const lists = new WeakMap<readonly string[], BlockList>();

function listOf(rules: readonly string[]): BlockList {
  const known = lists.get(rules);
  if (known) return known;
  const list = new BlockList();
  for (const rule of rules) {
    const [net, bits] = rule.split('/') as [string, string?];
    if (bits === undefined) list.addAddress(plainAddress(net), familyOf(plainAddress(net)));
    else list.addSubnet(net, Number(bits), familyOf(net));
  }
  lists.set(rules, list);
  return list;
}

/**
 * Whether the address is one of `rules`, addresses and networks (`192.0.2.0/24`), which are not changed after; any is
 * when there are none.
 */
export function isAddressAllowed(address: string, rules: readonly string[]): boolean {
  if (rules.length === 0) return true;
  const list = listOf(rules);
  const plain = plainAddress(address);
  return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
}

/** One of a network's addresses, or the address. */
export const addressOf = (rule: string): string => rule.split('/', 1)[0]!;

/** Rules come from partners' files; above so many the first is read again. */
const MAX_RULES = 10_000;
const singleRules = new Map<string, readonly [string]>();

function isWithin(address: string, rule: string): boolean {
  const single = singleRules.get(rule) ?? [rule];
  singleRules.set(rule, single);
  if (singleRules.size > MAX_RULES) singleRules.delete(singleRules.keys().next().value!);
  return isAddressAllowed(address, single);
}

/** Whether an address or network has an address in common with a rule: of two the larger has all of the smaller. */
export const doOverlap = (one: string, rule: string): boolean =>
  isWithin(addressOf(one), rule) || (one.includes('/') && isWithin(addressOf(rule), one));

/**
 * What one sender is known by where failures are counted: an IPv4 address, or the /64 of an IPv6 one, as whoever has
 * one address of it has them all (RFC 4291, 2.5.4).
 */
export function senderOf(address: string): string {
  const plain = plainAddress(address).split('%', 1)[0]!;
  if (isIP(plain) !== 6) return plain;
  // The URL parser writes IPv6 in its one canonical form (RFC 5952).
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':').length : 0;
  if (tail !== undefined) while (groups.length < 8 - after) groups.push('0');
  return `${[...groups, ...(tail ? tail.split(':') : [])].slice(0, 4).join(':')}::/64`;
}
