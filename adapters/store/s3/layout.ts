import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Fault } from '../../../core/fault.ts';
import { MAX_SEGMENT_BYTES } from '../../../core/paths.ts';

/**
 * Where things are under the prefix:
 *
 *   files/acme/in/po.x12                        an object, at its key: any S3 client reads it
 *   files/acme/in/                              the marker of a folder that was made
 *   .landfall/kept/<arrival>~<key hash>         what an arrival published, after its name was replaced or removed;
 *                                               after a rename a note of where it went
 *   .landfall/late/<arrival>~<key hash>         facts about a multipart object that were not known when it began
 *   .landfall/suspended/<key hash>              which upload can be resumed, and its last bytes
 *   .landfall/claims/<key hash>                 somebody is going on with it; or has an upload under way that cannot be
 *                                               resumed, or bytes aside: then of the hash of what no sweep may end
 *   .landfall/locks/<key hash>                  somebody is replacing, moving or removing the object
 *   .landfall/pieces/<upload>-<part>            on its way to be one large part of a very large object
 *   .landfall/aside/<arrival>~<key hash>        bytes of an upload under way, whose memory others needed
 *   .landfall/probe/<random>                    what the store can do, at start
 */
const OWN = '.landfall';

export const KEPT = `${OWN}/kept/`;
export const LATE = `${OWN}/late/`;
export const SUSPENDED = `${OWN}/suspended/`;
export const PIECES = `${OWN}/pieces/`;
export const ASIDE = `${OWN}/aside/`;
export const PROBES = `${OWN}/probe/`;
export const LEASES = [`${OWN}/locks/`, `${OWN}/claims/`] as const;

/** Hexadecimal digits of a key's hash beside an arrival: it tells the keys of one arrival apart. */
const KEY_HASH_DIGITS = 16;

const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex');
const published = (arrival: string, key: string): string =>
  `${arrival}~${keyHash(key).slice(0, KEY_HASH_DIGITS)}`;

export const keptKey = (arrival: string, key: string): string => KEPT + published(arrival, key);
export const lateKey = (arrival: string, key: string): string => LATE + published(arrival, key);
export const asideKey = (arrival: string, key: string): string => ASIDE + published(arrival, key);
export const suspendedKey = (key: string): string => SUSPENDED + keyHash(key);
export const claimKey = (key: string): string => `${OWN}/claims/${keyHash(key)}`;
export const lockKey = (key: string): string => `${OWN}/locks/${keyHash(key)}`;
/** What the keys of the upload's pieces begin with. */
export const piecesOf = (upload: string): string => `${PIECES}${keyHash(upload)}-`;
export const pieceKey = (upload: string, part: number): string => piecesOf(upload) + part;
export const probeKey = (random: string): string => `${PROBES}${random}`;
export const markerKey = (folder: string): string => `${folder}/`;

/** The folder above; empty at the top. */
export const parentKey = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('/')));

/** The folders above, the nearest first. */
export function ancestorsOf(key: string): string[] {
  const folders: string[] = [];
  for (let folder = parentKey(key); folder !== ''; folder = parentKey(folder)) folders.push(folder);
  return folders;
}

/** Throws `name-too-long` for a name that other engines could not hold either. */
export function requireName(key: string): void {
  for (const segment of key.split('/')) {
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) throw new Fault('name-too-long');
  }
}
