import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Arrival, DigestName } from './arrival.ts';

/** Several digests of one stream of bytes, computed as they pass. */
export interface Digester {
  update(bytes: Uint8Array): void;
  /** Lower-case hex by name; ends the digester. */
  finish(): Arrival['digests'];
}

export function createDigester(names: readonly DigestName[]): Digester {
  const hashes: [DigestName, Hash][] = names
    .filter((name) => name !== 'crc32')
    .map((name) => [name, createHash(name)]);
  let checksum: number | undefined = names.includes('crc32') ? 0 : undefined;
  return {
    update(bytes) {
      for (const [, hash] of hashes) hash.update(bytes);
      if (checksum !== undefined) checksum = crc32(bytes, checksum);
    },
    finish() {
      const digests: Arrival['digests'] = {};
      for (const [name, hash] of hashes) digests[name] = hash.digest('hex');
      if (checksum !== undefined) digests.crc32 = checksum.toString(16).padStart(8, '0');
      return digests;
    },
  };
}
