import type { Buffer } from 'node:buffer';
import type { AskOptions, Bucket } from './bucket.ts';
import { type Answered, crcOf, encodeCrc, requireKept } from './checksum.ts';

export interface PutHow {
  readonly Metadata?: Record<string, string>;
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
}

/** What the store answers to a put. */
export interface PutAnswer extends Answered {
  readonly ETag?: string | undefined;
}

/**
 * Writes an object in one request; answers its ETag. Where the store checks sums every object has one: a bucket whose
 * objects are locked (S3 Object Lock) takes none without.
 */
export async function putBytes(
  bucket: Bucket,
  key: string,
  bytes: Buffer,
  how: PutHow = {},
  asking: AskOptions<PutAnswer> = {},
): Promise<string> {
  const crc = bucket.checksums ? crcOf(bytes) : undefined;
  const object = {
    Bucket: bucket.name,
    Key: bucket.full(key),
    Body: bytes,
    // Without it the client takes an empty body for one of unknown length.
    ContentLength: bytes.length,
    ...how,
    ...(crc === undefined ? {} : { ChecksumCRC32: encodeCrc(crc) }),
  };
  const answer = await bucket.ask<PutAnswer>((s3, options) => s3.putObject(object, options), asking);
  requireKept(answer, crc);
  return answer.ETag ?? '';
}
