import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { probeKey } from './layout.ts';
import { isFault } from './s3-fault.ts';

/** What this store can do beyond the least, found by trying: makes and versions differ, and few say so. */
export interface Capabilities {
  /** CompleteMultipartUpload creates only where nothing is (If-None-Match). */
  readonly conditionalComplete: boolean;
  /** CopyObject, too. */
  readonly conditionalCopy: boolean;
  /** PutObject replaces only what was meant (If-Match), by an ETag with its quotes or without. */
  readonly conditionalReplace: 'quoted' | 'bare' | 'no';
  /** The bucket keeps every version: Landfall does not need it, and does not delete old ones. */
  readonly versioning: boolean;
}

const ONE = Buffer.from('1');

/**
 * Tries what the store can do with a few small objects. Throws `store-down` where it cannot be used: no such bucket,
 * credentials refused, or no conditional create, without which nothing is done exactly once.
 */
export async function probe(bucket: Bucket): Promise<Capabilities> {
  const key = probeKey(randomUUID());
  const at = { Bucket: bucket.name, Key: bucket.full(key) };
  const put = (how: { IfNoneMatch?: string; IfMatch?: string }) =>
    bucket.ask((s3, options) => s3.putObject({ ...at, ...how, Body: ONE }, options));
  const isRefused = (asked: Promise<unknown>): Promise<boolean> =>
    asked.then(
      () => false,
      (thrown: unknown) => {
        if (isFault(thrown, 'exists')) return true;
        // A parameter that it does not know is none that it keeps.
        if (isFault(thrown, 'store-down')) return false;
        throw thrown;
      },
    );

  const { ETag = '', VersionId } = await put({});
  try {
    if (!(await isRefused(put({ IfNoneMatch: '*' })))) {
      throw new Fault('store-down', undefined, { cause: new Error(noConditionalCreate(VersionId)) });
    }
    const accepts = async (etag: string): Promise<boolean> =>
      (await isRefused(put({ IfMatch: '0'.repeat(32) }))) && !(await isRefused(put({ IfMatch: etag })));
    const bare = ETag.replaceAll('"', '');
    return {
      conditionalReplace: (await accepts(`"${bare}"`)) ? 'quoted' : (await accepts(bare)) ? 'bare' : 'no',
      conditionalCopy: await isRefused(
        bucket.ask((s3, options) =>
          s3.copyObject(
            {
              ...at,
              IfNoneMatch: '*',
              CopySource: `${bucket.name}/${at.Key}`,
              MetadataDirective: 'REPLACE',
            },
            options,
          ),
        ),
      ),
      conditionalComplete: await isCompleteConditional(bucket, key, isRefused),
      versioning: VersionId !== undefined && VersionId !== 'null',
    };
  } finally {
    await deleteObject(bucket, key);
  }
}

async function isCompleteConditional(
  bucket: Bucket,
  key: string,
  isRefused: (asked: Promise<unknown>) => Promise<boolean>,
): Promise<boolean> {
  const at = { Bucket: bucket.name, Key: bucket.full(key) };
  const { UploadId } = await bucket.ask((s3, options) => s3.createMultipartUpload(at, options));
  const upload = { ...at, UploadId };
  const { ETag } = await bucket.ask((s3, options) =>
    s3.uploadPart({ ...upload, PartNumber: 1, Body: ONE }, options),
  );
  const refused = await isRefused(
    bucket.ask((s3, options) =>
      s3.completeMultipartUpload(
        { ...upload, IfNoneMatch: '*', MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } },
        options,
      ),
    ),
  );
  if (refused) await bucket.ask((s3, options) => s3.abortMultipartUpload(upload, options));
  return refused;
}

const noConditionalCreate = (versionId: string | undefined): string =>
  [
    'the store does not keep If-None-Match: *, without which nothing is done exactly once',
    ...(versionId === undefined ? [] : ["; some stores lose it when the bucket's versioning is on"]),
  ].join('');
