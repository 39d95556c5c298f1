import type { Bucket } from './bucket.ts';
import { copySource, MAX_COPY_BYTES } from './copy-source.ts';
import type { Found } from './found.ts';
import { type Facts, metadataOf } from './metadata.ts';
import { beginMultipart } from './multipart.ts';

export interface CopyOptions {
  readonly facts: Facts;
  /** Fails with `exists` where there is an object, if the store can do that. */
  readonly ifAbsent?: boolean;
}

/** Copies within the store, atomically: the object is there whole, or not. Throws `not-found`. */
export async function copyObject(
  bucket: Bucket,
  source: Found,
  to: string,
  { facts, ifAbsent = false }: CopyOptions,
): Promise<void> {
  if (source.size > MAX_COPY_BYTES) {
    await copyLarge(bucket, source, to, { facts, ifAbsent });
    return;
  }
  const place = { Bucket: bucket.name, Key: bucket.full(to), CopySource: copySource(bucket, source.at) };
  await bucket.ask((s3, options) =>
    s3.copyObject(
      {
        ...place,
        CopySourceIfMatch: source.etag,
        MetadataDirective: 'REPLACE',
        Metadata: metadataOf(facts),
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      },
      options,
    ),
  );
}

async function copyLarge(
  bucket: Bucket,
  source: Found,
  to: string,
  { facts, ifAbsent = false }: CopyOptions,
): Promise<void> {
  const upload = await beginMultipart(bucket, to, facts);
  try {
    await upload.copyIn(source, source.size);
    await upload.complete(ifAbsent);
  } catch (thrown) {
    await upload.abort().catch(() => undefined);
    throw thrown;
  }
}
