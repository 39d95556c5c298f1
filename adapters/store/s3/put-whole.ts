import type { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { headRaw } from './locate.ts';
import { type Facts, metadataOf, newMark } from './metadata.ts';
import { putBytes } from './put-bytes.ts';

/** Writes an object in one request. Throws `exists` with `ifAbsent`: exactly one of any number of racers wins. */
export async function putWhole(
  bucket: Bucket,
  key: string,
  bytes: Buffer,
  facts: Facts,
  ifAbsent: boolean,
): Promise<void> {
  const mark = newMark();
  const how = { Metadata: metadataOf({ ...facts, mark }), ...(ifAbsent ? { IfNoneMatch: '*' } : {}) };
  await putBytes(bucket, key, bytes, how, {
    // A repeated create finds the object that the first attempt made.
    wasDone: async () => ((await headRaw(bucket, key))?.mark === mark ? {} : undefined),
  });
}
