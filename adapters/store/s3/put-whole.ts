import type { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { type Answered, crcOf, encodeCrc, requireKept } from './checksum.ts';
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
  const crc = bucket.checksums ? crcOf(bytes) : undefined;
  const object = {
    Bucket: bucket.name,
    Key: bucket.full(key),
    Body: bytes,
    ContentLength: bytes.length,
    Metadata: metadataOf({ ...facts, mark }),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
    ...(crc === undefined ? {} : { ChecksumCRC32: encodeCrc(crc) }),
  };
  const answer = await bucket.ask<Answered>((s3, options) => s3.putObject(object, options), {
    // A repeated create finds the object that the first attempt made.
    wasDone: async () => ((await headRaw(bucket, key))?.mark === mark ? {} : undefined),
  });
  requireKept(answer, crc);
}
