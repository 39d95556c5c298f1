import type { KeyPair } from '../../../core/ports/certificates.ts';

/** RFC 6125 §6.4: the pair for the host, an exact name before one with a wildcard, which is one label; else the first. */
export function pairFor(pairs: readonly KeyPair[], host: string | undefined): KeyPair {
  const [first] = pairs;
  if (!first) throw new Error('there is no certificate');
  if (host === undefined) return first;
  const wildcard = `*${host.slice(Math.max(0, host.indexOf('.')))}`;
  const named = (name: string): KeyPair | undefined => pairs.find(({ hosts }) => hosts.includes(name));
  return named(host) ?? (host.includes('.') ? named(wildcard) : undefined) ?? first;
}
