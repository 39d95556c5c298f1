import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** `HOST:PORT`, with an IPv6 address in brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export const showHostAndPort = ({ host, port }: HostAndPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Undefined for what is none. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = inBrackets ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return inBrackets === undefined || isIPv6(inBrackets) ? { host, port } : undefined;
}

/**
 * An address that other machines reach this one by when it is bound to `address`: that one, or for all addresses
 * (`0.0.0.0`, `::`) the first one that is not loopback. Undefined where there is none.
 */
export function reachableAddress(address: string, interfaces = networkInterfaces()): string | undefined {
  if (address !== '0.0.0.0' && address !== '::') return address;
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    // fe80::/10 reaches nobody without the name of an interface, which is another's on each machine; in 169.254.0.0/16,
    // where containers meet their host, each has the same address.
    .filter(({ internal, address: one }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(one))
    .map((one) => one.address);
  return own.find(isIPv4) ?? (address === '::' ? own[0] : undefined);
}
