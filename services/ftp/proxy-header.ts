import { Buffer } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';
import { asSocketsSay } from './client-address.ts';

/** HAProxy's "The PROXY protocol", versions 1 and 2: bytes to the ends of the connection that a proxy took. */

export interface ProxiedEnds {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

export type ProxyHeader =
  /** What has come so far may become a header. */
  | { readonly kind: 'more' }
  | { readonly kind: 'invalid'; readonly why: string }
  /** `ends` is undefined where the proxy speaks for itself or does not know: the connection's own ends hold. */
  | { readonly kind: 'header'; readonly ends: ProxiedEnds | undefined; readonly rest: Buffer };

const more = { kind: 'more' } as const;
const invalid = (why: string): ProxyHeader => ({ kind: 'invalid', why });

/** Reads one header from the beginning of `bytes`; whatever is behind it is the `rest`. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  for (const { signature, read } of versions) {
    const length = Math.min(bytes.length, signature.length);
    if (!bytes.subarray(0, length).equals(signature.subarray(0, length))) continue;
    return length < signature.length ? more : read(bytes);
  }
  return invalid('it begins with something else');
}

/** §2.1: the longest line, its CRLF included. */
const MAX_LINE_BYTES = 107;

/** §2.1: `PROXY TCP4 192.0.2.7 192.0.2.1 56324 21`. */
function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_LINE_BYTES ? more : invalid('its line does not end');
  const rest = bytes.subarray(end + 2);
  const [, protocol, ...fields] = bytes.toString('latin1', 0, end).split(' ');
  if (protocol === 'UNKNOWN') return { kind: 'header', ends: undefined, rest };
  const isAddress = addressChecks.get(protocol ?? '');
  if (!isAddress) return invalid('its line names no protocol of TCP');
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = fields;
  const isWhole =
    fields.length === 4 &&
    [source, destination].every(isAddress) &&
    [sourcePort, destinationPort].every((port) => /^(0|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535);
  if (!isWhole) return invalid('its line is not two addresses and two ports');
  return { kind: 'header', ends: endsOf(source, sourcePort, destination, destinationPort), rest };
}

const addressChecks = new Map<string, (text: string) => boolean>([
  ['TCP4', isIPv4],
  ['TCP6', (text) => isIPv6(text) && !text.includes('%')],
]);

/** §2.2: the signature, version and command, family and protocol, and two bytes of length. */
const FIXED_BYTES = 16;
/** Addresses and what follows them (§2.2.1 to 2.2.8); they are meant to fit in one segment of 536 bytes. */
const MAX_VARIABLE_BYTES = 4096;
const VERSION = 2;
/** §2.2: a health check of the proxy's own, or a connection that it took. */
const commands = { LOCAL: 0, PROXY: 1 };

/** §2.2: the families that have addresses to be skipped or read, by the byte that names them with their protocol. */
const families: Record<
  number,
  { readonly addressBytes: number; readonly show: (bytes: Buffer) => string } | undefined
> = {
  // TCP over IPv4, TCP over IPv6.
  17: { addressBytes: 4, show: (bytes) => [...bytes].join('.') },
  33: { addressBytes: 16, show: (bytes) => (bytes.toString('hex').match(/.{4}/g) ?? []).join(':') },
};
/** §2.2: the proxy does not know the protocol, or its client came over a UNIX stream: neither has an address for us. */
const WITHOUT_ADDRESS = [0, 49];

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_BYTES) return more;
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 15];
  if (version !== VERSION) return invalid(`its version is ${version}`);
  if (command !== commands.LOCAL && command !== commands.PROXY) return invalid(`its command is ${command}`);
  const length = bytes.readUInt16BE(14);
  if (length > MAX_VARIABLE_BYTES) return invalid(`it is ${length} bytes long`);
  if (bytes.length < FIXED_BYTES + length) return more;
  const rest = bytes.subarray(FIXED_BYTES + length);
  // §2.2: the family of LOCAL is to be ignored.
  if (command === commands.LOCAL || WITHOUT_ADDRESS.includes(bytes[13]!))
    return { kind: 'header', ends: undefined, rest };
  const family = families[bytes[13]!];
  if (!family) return invalid('its family or protocol is not that of TCP');
  const { addressBytes, show } = family;
  if (length < 2 * addressBytes + 4) return invalid('it is too short for its addresses');
  const ports = FIXED_BYTES + 2 * addressBytes;
  const addressAt = (from: number): string => show(bytes.subarray(from, from + addressBytes));
  const ends = endsOf(
    addressAt(FIXED_BYTES),
    bytes.readUInt16BE(ports),
    addressAt(FIXED_BYTES + addressBytes),
    bytes.readUInt16BE(ports + 2),
  );
  return { kind: 'header', ends, rest };
}

const versions = [
  { signature: Buffer.from('PROXY ', 'latin1'), read: readLine },
  { signature: Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), read: readBinary },
];

const endsOf = (
  source: string,
  sourcePort: string | number,
  destination: string,
  destinationPort: string | number,
): ProxiedEnds => ({
  source: { address: asSocketsSay(source), port: Number(sourcePort) },
  destination: { address: asSocketsSay(destination), port: Number(destinationPort) },
});
