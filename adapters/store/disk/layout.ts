import { createHash, randomUUID } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { arrivalTime, isArrivalId } from '../../../core/arrival.ts';

/**
 * Where things are under the root:
 *
 *   objects/files/acme/in/po.x12             a name: a link to its blob, or a plain file (ledger, reports)
 *   blobs/2026-11-25/<arrival>~<key hash>    what an arrival published at a key
 *   uploads/<arrival>~<key hash>             not published yet
 *   suspended/<key hash>.json                which upload can be resumed; `.claimed` while somebody does
 *   unnamed/<arrival>~<key hash>             swept from blobs/, gone for good after its quarantine
 *   tmp/                                     on its way to be renamed
 *
 * Links are relative, so that the root can be moved and `cat` works. Readers take only the blob's name from a link:
 * where the blob is follows from that name, so a link keeps its meaning in whatever folder it is moved to.
 */
export interface Layout {
  readonly root: string;
  readonly objects: string;
  readonly blobs: string;
  readonly uploads: string;
  readonly suspended: string;
  readonly unnamed: string;
  readonly tmp: string;
}

export const layoutOf = (root: string): Layout => ({
  root,
  objects: `${root}/objects`,
  blobs: `${root}/blobs`,
  uploads: `${root}/uploads`,
  suspended: `${root}/suspended`,
  unnamed: `${root}/unnamed`,
  tmp: `${root}/tmp`,
});

/** Hexadecimal digits of a key's hash in a blob's name: it tells the keys of one arrival apart. */
const KEY_HASH_DIGITS = 16;

export const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex');

export const blobName = (arrival: string, key: string): string =>
  `${arrival}~${keyHash(key).slice(0, KEY_HASH_DIGITS)}`;

export const arrivalOf = (blob: string): string => blob.slice(0, blob.indexOf('~'));

export const isBlobName = (name: string): boolean =>
  /^[0-9a-f-]{36}~[0-9a-f]{16}$/.test(name) && isArrivalId(arrivalOf(name));

/** The UTC day that a blob is filed under. */
const dayOf = (blob: string): string => arrivalTime(arrivalOf(blob)).toISOString().slice(0, 10);

export const blobPath = (layout: Layout, blob: string): string => `${layout.blobs}/${dayOf(blob)}/${blob}`;

/** What a link at the key says. */
export const linkTarget = (key: string, blob: string): string =>
  `${'../'.repeat(key.split('/').length)}blobs/${dayOf(blob)}/${blob}`;

/** The blob that a link of ours means; undefined for any other link. */
export function blobOfLink(target: string): string | undefined {
  const match = /^(?:\.\.\/)+blobs\/\d{4}-\d\d-\d\d\/([^/]+)$/.exec(target);
  return match && isBlobName(match[1]!) ? match[1] : undefined;
}

export const objectPath = (layout: Layout, key: string): string => `${layout.objects}/${key}`;

export const tmpPath = (layout: Layout): string => `${layout.tmp}/${randomUUID()}`;

export const parentOf = (path: string): string => dirname(path);
