import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

/**
 * Which blobs have a name, in memory of a fixed size however many there are: a Bloom filter. It may take one without
 * a name for one with (which keeps it until a later sweep, whose salt is another), never the other way round.
 */
export interface NameFilter {
  add(blob: string): void;
  has(blob: string): boolean;
}

/** 16 MiB of bits: of ten million names, one in three hundred unnamed blobs passes for named. */
const BITS = 2 ** 27;
const PROBES = 7;

export function createNameFilter(): NameFilter {
  const bits = Buffer.alloc(BITS / 8);
  const salt = randomBytes(8);
  const [saltA, saltB] = [salt.readUInt32LE(0), salt.readUInt32LE(4)];

  /** The positions of a blob: its arrival's random bits and its key's hash, which nobody outside can choose both of. */
  const probes = function* (blob: string): Generator<number> {
    const mark = blob.indexOf('~');
    const word = (from: number): number => Number.parseInt(blob.slice(from, from + 8), 16);
    const first = mix(word(mark - 8) ^ word(mark + 1) ^ saltA);
    const step = mix(word(mark + 9) ^ Math.imul(word(mark - 12), 31) ^ saltB) | 1;
    for (let probe = 0; probe < PROBES; probe += 1) yield (first + Math.imul(probe, step)) & (BITS - 1);
  };

  return {
    add(blob) {
      for (const bit of probes(blob)) bits[bit >>> 3]! |= 1 << (bit & 7);
    },
    has(blob) {
      for (const bit of probes(blob)) if (!(bits[bit >>> 3]! & (1 << (bit & 7)))) return false;
      return true;
    },
  };
}

/** Spreads 32 bits (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
