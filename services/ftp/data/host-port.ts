import { isIPv4, isIPv6 } from 'node:net';
import { asSocketsSay } from '../client-address.ts';
import { Refusal } from '../reply.ts';
import { isFrom, type Origins } from './origins.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** PORT's argument (RFC 959 §4.1.2): `h1,h2,h3,h4,p1,p2`. */
export function parsePort(argument: string): HostPort {
  const match = /^\s*(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})\s*$/.exec(argument);
  const numbers = match?.slice(1).map(Number);
  if (!numbers || numbers.some((number) => number > 255)) {
    throw new Refusal(501, 'PORT takes six numbers from 0 to 255: h1,h2,h3,h4,p1,p2');
  }
  return { host: numbers.slice(0, 4).join('.'), port: numbers[4]! * 256 + numbers[5]! };
}

/** EPRT's argument (RFC 2428 §2): `|1|192.0.2.1|5282|`, with any delimiter. */
export function parseExtendedPort(argument: string): HostPort {
  const delimiter = argument.charAt(0);
  const [before, protocol, host = '', digits = '', after, ...more] = argument
    .trimEnd()
    .split(delimiter || '|');
  if (before !== '' || after !== '' || more.length > 0 || !/^\d{1,5}$/.test(digits)) {
    throw new Refusal(501, 'EPRT takes |protocol|address|port|');
  }
  if (protocol !== '1' && protocol !== '2')
    throw new Refusal(522, 'Network protocol not supported, use (1,2)');
  if (!(protocol === '1' ? isIPv4(host) : isIPv6(host))) throw new Refusal(501, 'That is no such address.');
  return { host: host.includes('%') ? host : asSocketsSay(host), port: Number(digits) };
}

/** RFC 2577 §3: never to a machine that is not the client's, never to a port where well-known services are. */
export function refuseBounce({ host, port }: HostPort, origins: Origins): void {
  if (!isFrom(origins, host)) throw new Refusal(504, 'The data connection goes to your own address only.');
  if (port < 1024 || port > 65_535) throw new Refusal(504, 'The port must be from 1024 to 65535.');
}

/** `192,0,2,1,20,162`, as 227 tells it. */
export const encodePort = ({ host, port }: HostPort): string =>
  [...host.split('.'), port >> 8, port & 255].join(',');
