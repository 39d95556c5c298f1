import { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { unlessAbsent } from './s3-fault.ts';

export interface Whole {
  readonly bytes: Buffer;
  readonly etag: string;
}

/**
 * A small object of our own, or undefined where there is none. Its bytes belong to the answer: one that breaks off is
 * asked for again. With `limit` no more than its first so many bytes.
 */
export function getWhole(bucket: Bucket, key: string, limit?: number): Promise<Whole | undefined> {
  const place = { Bucket: bucket.name, Key: bucket.full(key) };
  const range = limit === undefined ? {} : { Range: `bytes=0-${limit - 1}` };
  return unlessAbsent(
    bucket.ask(async (s3, options) => {
      const { Body, ETag = '' } = await s3.getObject({ ...place, ...range }, options);
      return { bytes: Buffer.from(await Body!.transformToByteArray()), etag: ETag };
    }),
  );
}
