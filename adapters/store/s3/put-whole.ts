import type { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { headRaw } from './locate.ts';
import { type Facts, metadataOf, newMark } from './metadata.ts';

/** Writes an object in one request. Throws `exists` with `ifAbsent`: exactly one of any number of racers wins. */
export async function putWhole(
  bucket: Bucket,
  key: string,
  bytes: Buffer,
  facts: Facts,
  ifAbsent: boolean,
): Promise<void> {
  const mark = newMark();
  const object = {
    Bucket: bucket.name,
    Key: bucket.full(key),
    Body: bytes,
    ContentLength: bytes.length,
    Metadata: metadataOf({ ...facts, mark }),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
  };
  await bucket.ask<unknown>((s3, options) => s3.putObject(object, options), {
    // A repeated create finds the object that the first attempt made.
    wasDone: async () => ((await headRaw(bucket, key))?.mark === mark ? true : undefined),
  });
}
