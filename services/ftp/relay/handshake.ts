import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Read } from './message.ts';

/**
 * How a listener that a stray data connection came to shows the listener that expects it that both are of one fleet,
 * before a byte of the client's goes over:
 *
 *     owner   version, nonce
 *     dialler version, kind, port, length of the client's address, the address, MAC
 *     owner   version, MAC
 *     bytes of the data connection, as they are, both ways
 *
 * Both MACs are HMAC-SHA-256 with the fleet's secret, over the owner's nonce, the dialler's fields and the token of the
 * expectation, which never goes over the line.
 *
 * Who is inside the private network and lacks the secret can not give an owner a connection, for which he would have to
 * guess a MAC (a recorded one is of another nonce and of a token that is spent), nor pose as an owner to get a client's.
 * He can read and change what is relayed, and end it, as he can with the client's own connection: the relay does not
 * encrypt. FTPS does, from the client to the owner. Who has the secret and can not read the fleet's Redis has no token.
 */

/** Of all that is below; a listener that speaks another one is not understood. */
const VERSION = 1;

const NONCE_BYTES = 32;
const MAC_BYTES = 32;
/** An IPv6 address with the name of an interface. */
const MAX_ADDRESS_BYTES = 64;
/** Version, kind, port, length of the address. */
const FIXED_BYTES = 5;

/** `relay`: a data connection follows. `reports`: what became of such, one record after the other. */
const kinds = ['relay', 'reports'] as const;
export type Kind = (typeof kinds)[number];

export interface Claim {
  readonly kind: Kind;
  /** Of the data connection; 0 and nothing for reports. */
  readonly port: number;
  readonly client: string;
}

const more = { kind: 'more' } as const;
const invalid = { kind: 'invalid' } as const;

/** Reads a message that is a version and so many bytes. */
function readFixed(bytes: Buffer, length: number): Read<Buffer> {
  if (bytes.length > 0 && bytes[0] !== VERSION) return invalid;
  if (bytes.length < 1 + length) return more;
  return { kind: 'whole', what: bytes.subarray(1, 1 + length), rest: bytes.subarray(1 + length) };
}

const fixed = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(VERSION), bytes]);

/** The owner's first word: a nonce of `NONCE_BYTES` that it has never used. */
export const encodeChallenge = fixed;
export const readChallenge = (bytes: Buffer): Read<Buffer> => readFixed(bytes, NONCE_BYTES);
export const challengeBytes = NONCE_BYTES;

function encodeFields({ kind, port, client }: Claim): Buffer {
  const address = Buffer.from(client, 'latin1');
  const bytes = Buffer.alloc(FIXED_BYTES + address.length);
  bytes[0] = VERSION;
  bytes[1] = kinds.indexOf(kind);
  bytes.writeUInt16BE(port, 2);
  bytes[4] = address.length;
  address.copy(bytes, FIXED_BYTES);
  return bytes;
}

interface Secrets {
  readonly secret: string;
  readonly nonce: Buffer;
  /** Of the expectation; empty for reports. */
  readonly token: string;
}

/** Whose words the MAC is of, so that neither side's can be given back to it as the other's. */
type Side = 'dialler' | 'owner';

/** The nonce and the fields tell their own lengths, the token is the last: no two inputs make the same bytes. */
const macOf = (side: Side, claim: Claim, { secret, nonce, token }: Secrets): Buffer =>
  createHmac('sha256', secret)
    .update(`landfall relay ${VERSION} ${side}\n`)
    .update(nonce)
    .update(encodeFields(claim))
    .update(token)
    .digest();

export const encodeClaim = (claim: Claim, secrets: Secrets): Buffer =>
  Buffer.concat([encodeFields(claim), macOf('dialler', claim, secrets)]);

export interface MadeClaim extends Claim {
  readonly mac: Buffer;
}

export function readClaim(bytes: Buffer): Read<MadeClaim> {
  if (bytes.length > 0 && bytes[0] !== VERSION) return invalid;
  if (bytes.length < FIXED_BYTES) return more;
  const kind = kinds[bytes[1]!];
  const length = bytes[4]!;
  if (!kind || length > MAX_ADDRESS_BYTES) return invalid;
  const [macAt, end] = [FIXED_BYTES + length, FIXED_BYTES + length + MAC_BYTES];
  if (bytes.length < end) return more;
  const client = bytes.toString('latin1', FIXED_BYTES, macAt);
  const mac = bytes.subarray(macAt, end);
  return {
    kind: 'whole',
    what: { kind, port: bytes.readUInt16BE(2), client, mac },
    rest: bytes.subarray(end),
  };
}

export const isClaimProven = (claim: MadeClaim, secrets: Secrets): boolean =>
  timingSafeEqual(claim.mac, macOf('dialler', claim, secrets));

export const encodeProof = (claim: Claim, secrets: Secrets): Buffer => fixed(macOf('owner', claim, secrets));
export const readProof = (bytes: Buffer): Read<Buffer> => readFixed(bytes, MAC_BYTES);
export const isProof = (mac: Buffer, claim: Claim, secrets: Secrets): boolean =>
  timingSafeEqual(mac, macOf('owner', claim, secrets));
