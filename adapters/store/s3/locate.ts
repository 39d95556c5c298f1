import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { type Found, foundIn } from './found.ts';
import { withLateFacts } from './late-facts.ts';
import { keptKey, markerKey } from './layout.ts';
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
  const place = { Bucket: bucket.name, Prefix: bucket.full(markerKey(folder)), MaxKeys: 1 };
  const { Contents } = await bucket.ask((s3, options) =>
    s3.listObjectsV2({ ...place, EncodingType: 'url' }, options),
  );
  const first = Contents?.[0];
  return first && { modified: wholeSeconds(first.LastModified ?? new Date(0)) };
}

/** A listing may tell milliseconds where an answer to HEAD tells seconds: both say the same here. */
export const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);
