import { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { type Found, foundIn } from './found.ts';
import { withLateFacts } from './late-facts.ts';
import { keptKey, markerKey, parentKey } from './layout.ts';
import { decodeKey } from './listing.ts';
import { unlessAbsent } from './s3-fault.ts';

/** Renames of one arrival's object that are followed. */
const MAX_MOVES = 16;

/** The object at the key, or with `arrival` what that arrival published there; see the port's `head`. */
export async function locate(bucket: Bucket, key: string, arrival?: string): Promise<Found | undefined> {
  let place: string | undefined = key;
  for (let move = 0; place !== undefined && move <= MAX_MOVES; move += 1) {
    const current = await headNamed(bucket, place);
    if (arrival === undefined || current?.arrival === arrival) return current;
    const kept: Found | undefined = await headRaw(bucket, keptKey(arrival, place));
    if (kept?.movedTo === undefined) return kept;
    place = kept.movedTo;
  }
  return undefined;
}

/** The object that is at the key now. */
export async function headNamed(bucket: Bucket, key: string): Promise<Found | undefined> {
  const found = await headRaw(bucket, key);
  return found && withLateFacts(bucket, key, found);
}

export async function headRaw(bucket: Bucket, at: string): Promise<Found | undefined> {
  const place = { Bucket: bucket.name, Key: bucket.full(at) };
  const answer = await unlessAbsent(bucket.ask((s3, options) => s3.headObject(place, options)));
  return answer && foundIn(at, answer);
}

/** Why there is no object at the key. */
export async function absence(bucket: Bucket, key: string): Promise<Fault> {
  return new Fault((await firstBelow(bucket, key)) ? 'is-a-folder' : 'not-found');
}

/** The first thing that makes the key a folder: its marker, or else an object below it. */
export async function firstBelow(bucket: Bucket, folder: string): Promise<{ modified: Date } | undefined> {
  const place = { Bucket: bucket.name, Prefix: markerKey(bucket.full(folder)), MaxKeys: 1 };
  const { Contents } = await bucket.ask((s3, options) =>
    s3.listObjectsV2({ ...place, EncodingType: 'url' }, options),
  );
  const first = Contents?.[0];
  return first && { modified: modifiedOf(first) };
}

/** Behind every name that begins as another one does and sorts before it with a slash: `name.` and what follows. */
const LAST_BEFORE_SLASH = '.\u{10ffff}';

/**
 * As `firstBelow`, and where there is nothing, the next key of the folder above; none at its end. For the same
 * price it tells of many names.
 */
export async function firstFrom(
  bucket: Bucket,
  folder: string,
): Promise<{ below?: { modified: Date } | undefined; next?: string | undefined }> {
  const above = parentKey(folder);
  const place = {
    Bucket: bucket.name,
    Prefix: bucket.full(above === '' ? '' : markerKey(above)),
    StartAfter: bucket.full(folder) + LAST_BEFORE_SLASH,
    MaxKeys: 1,
  };
  const { Contents, EncodingType } = await bucket.ask((s3, options) =>
    s3.listObjectsV2({ ...place, EncodingType: 'url' }, options),
  );
  const first = Contents?.[0];
  if (!first) return {};
  const key = decodeKey(first.Key ?? '', EncodingType).slice(bucket.full('').length);
  if (key.startsWith(markerKey(folder))) return { below: { modified: modifiedOf(first) } };
  const isBehind = Buffer.from(key).compare(Buffer.from(markerKey(folder))) > 0;
  // Else a store that does not begin where it was told to: then only the one name is known.
  return isBehind ? { next: key } : { below: await firstBelow(bucket, folder), next: `${folder}0` };
}

const modifiedOf = ({ LastModified = new Date(0) }: { LastModified?: Date | undefined }): Date =>
  wholeSeconds(LastModified);

/** A listing may tell milliseconds where an answer to HEAD tells seconds: both say the same here. */
export const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);
