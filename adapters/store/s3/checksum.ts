import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { Fault } from '../../../core/fault.ts';

/**
 * CRC-32 as S3 has it (x-amz-checksum-crc32, full object): of an object that was sent in parts it is that of the whole,
 * made from those of the parts. The store checks it before it keeps anything, and answers what it has; both must agree.
 *
 * A store that knows nothing of it still checks the SHA-256 of each request's body, which is part of the signature, so
 * no part is stored other than it was sent; MD5, which most answer as the ETag, would cost as much again and say no
 * more. What only the checksum shows is parts that were joined wrongly.
 */

/** The polynomial x^32+x^26+...+1, its bits reversed as everywhere here: the highest bit stands for x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** The product of two polynomials, modulo `POLYNOMIAL`. */
function multiply(a: number, b: number): number {
  let product = 0;
  let power = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= power;
    power = power & 1 ? (power >>> 1) ^ POLYNOMIAL : power >>> 1;
  }
  return product >>> 0;
}

/** x^(8 * bytes): what so many bytes behind others do to the sum of those. */
function shiftBy(bytes: number): number {
  let result = ONE;
  // x^8
  let power = ONE >>> 8;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(power, result);
    power = multiply(power, power);
  }
  return result;
}

export interface Summed {
  readonly crc: number;
  /** Bytes. */
  readonly size: number;
}

/** The sum of bytes one after the other, from the sums of each. */
export const joinedCrc = (parts: readonly Summed[]): number =>
  parts.reduce((crc, part) => (multiply(shiftBy(part.size), crc) ^ part.crc) >>> 0, 0);

/** As the headers have it: the four bytes in base64. */
export function encodeCrc(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

export function decodeCrc(text: string | undefined): number | undefined {
  const bytes = Buffer.from(text ?? '', 'base64');
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined;
}

export const crcOf = (bytes: Uint8Array): number => crc32(bytes);

/** What the store says of the sum of what it has. */
export interface Answered {
  readonly ChecksumCRC32?: string | undefined;
}

/** Throws `store-down` when the store says that it made an object of other bytes: it is there, so none can be tried. */
export function requireKept({ ChecksumCRC32 }: Answered, crc: number | undefined): void {
  try {
    if (crc !== undefined) requireCrc(ChecksumCRC32, crc);
  } catch (cause) {
    throw new Fault('store-down', undefined, { cause });
  }
}

/** Throws what is tried again, as the store's own refusal is, when the store says that it has something else. */
export function requireCrc(answered: string | undefined, crc: number): void {
  if (answered === undefined || decodeCrc(answered) === crc) return;
  const wrong = new Error(`the store has bytes with the CRC-32 ${answered}, sent were ${encodeCrc(crc)}`);
  throw Object.assign(wrong, { name: 'BadDigest' });
}
