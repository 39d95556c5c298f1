import type { DigestName } from '../../core/arrival.ts';

/** The functions of HASH, by the names of IANA's registry of hash functions, with that of ZIP for CRC-32. */
export const hashes = {
  'SHA-256': 'sha256',
  'SHA-512': 'sha512',
  'SHA-1': 'sha1',
  MD5: 'md5',
  CRC32: 'crc32',
} as const satisfies Record<string, DigestName>;

export type HashName = keyof typeof hashes;
export const hashNames = Object.keys(hashes) as HashName[];
