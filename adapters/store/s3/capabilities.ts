import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { crcOf, decodeCrc, encodeCrc } from './checksum.ts';
import { copySource } from './copy-source.ts';
import { deleteObject } from './delete-object.ts';
import { probeKey } from './layout.ts';
import { CHECKSUM } from './multipart.ts';
import { isFault, isNotImplemented, isNotTaken } from './s3-fault.ts';

/** What this store can do beyond the least, found by trying: makes and versions differ, and few say so. */
export interface Capabilities {
  /** CompleteMultipartUpload creates only where nothing is (If-None-Match). */
  readonly conditionalComplete: boolean;
  /** CopyObject, too. */
  readonly conditionalCopy: boolean;
  /** CopyObject copies only what was meant (x-amz-copy-source-if-match). */
  readonly conditionalSource: boolean;
  /** PutObject replaces only what was meant (If-Match), by an ETag with its quotes or without. */
  readonly conditionalReplace: 'quoted' | 'bare' | 'no';
  /** It checks CRC-32 sums, of whole objects that came in parts, too, and answers them. */
  readonly checksums: boolean;
  /**
   * The bucket keeps every version. Landfall needs none and asks for none: what it replaces or removes stays as a
   * version that is paid for until a lifecycle rule of the bucket ends it, locks and claims among them.
   */
  readonly versioning: boolean;
}

const ONE = Buffer.from('1');
const CRC = crcOf(ONE);
const SUM = { ChecksumCRC32: encodeCrc(CRC) };
const NO_ETAG = '0'.repeat(32);

type Put = (how: { IfNoneMatch?: string; IfMatch?: string }) => Promise<{ ETag?: string | undefined }>;

/**
 * Tries what the store can do with two small objects, at the same time. Throws `store-down` where it cannot be used:
 * no such bucket, credentials refused, or no conditional create, without which nothing is done exactly once.
 */
export async function probe(bucket: Bucket): Promise<Capabilities> {
  const key = probeKey(randomUUID());
  const keys = [key, `${key}-parts`] as const;
  const tries = [
    orWithoutSums((sums) => tryPuts(bucket, keys[0], sums)),
    orWithoutSums((sums) => tryParts(bucket, keys[1], sums)),
  ] as const;
  const ended = await Promise.allSettled(tries);
  // What is wrong with the bucket is told, not what is wrong with tidying up in it.
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  await Promise.all(keys.map((one) => deleteObject(bucket, one)));
  const [puts, parts] = await Promise.all(tries);
  return { ...puts, ...parts, checksums: puts.checksums && parts.checksums };
}

/** Some makes refuse what has a checksum that they do not know, instead of taking no notice of it. */
const orWithoutSums = <Found>(tryWith: (sums: boolean) => Promise<Found>): Promise<Found> =>
  tryWith(true).catch((thrown: unknown) => {
    if (!isNotImplemented(thrown)) throw thrown;
    return tryWith(false);
  });

async function tryPuts(
  bucket: Bucket,
  key: string,
  sums: boolean,
): Promise<Omit<Capabilities, 'conditionalComplete'>> {
  const at = { Bucket: bucket.name, Key: bucket.full(key) };
  const object = { ...at, Body: ONE, ...(sums ? SUM : {}) };
  const put = (how: { IfNoneMatch?: string; IfMatch?: string }) =>
    bucket.ask((s3, options) => s3.putObject({ ...object, ...how }, options));

  const { ETag = '', VersionId, ChecksumCRC32 } = await put({});
  if (!(await isRefused(put({ IfNoneMatch: '*' })))) {
    await deleteObject(bucket, key);
    throw new Fault('store-down', undefined, { cause: new Error(noConditionalCreate(VersionId)) });
  }
  // A copy that is made all the same has the same ETag.
  const [conditionalReplace, conditionalCopy, conditionalSource] = await Promise.all([
    conditionOfReplace(put, ETag),
    isCopyConditional(bucket, key, { IfNoneMatch: '*' }),
    isCopyConditional(bucket, key, { CopySourceIfMatch: NO_ETAG }),
  ]);
  return {
    conditionalReplace,
    conditionalCopy,
    conditionalSource,
    checksums: decodeCrc(ChecksumCRC32) === CRC,
    versioning: VersionId !== undefined && VersionId !== 'null',
  };
}

async function conditionOfReplace(put: Put, etag: string): Promise<Capabilities['conditionalReplace']> {
  if (!(await isRefused(put({ IfMatch: NO_ETAG })))) return 'no';
  const bare = etag.replaceAll('"', '');
  if (!(await isRefused(put({ IfMatch: `"${bare}"` })))) return 'quoted';
  return (await isRefused(put({ IfMatch: bare }))) ? 'no' : 'bare';
}

const isCopyConditional = (
  bucket: Bucket,
  key: string,
  condition: { IfNoneMatch: string } | { CopySourceIfMatch: string },
): Promise<boolean> => {
  const at = { Bucket: bucket.name, Key: bucket.full(key), CopySource: copySource(bucket, key) };
  const ontoItself = { ...at, MetadataDirective: 'REPLACE' } as const;
  return isRefused(bucket.ask((s3, options) => s3.copyObject({ ...ontoItself, ...condition }, options)));
};

/** Sends an upload of one part to where an object is. */
async function tryParts(
  bucket: Bucket,
  key: string,
  sums: boolean,
): Promise<Pick<Capabilities, 'conditionalComplete' | 'checksums'>> {
  const at = { Bucket: bucket.name, Key: bucket.full(key) };
  const one = { Body: ONE, ...(sums ? SUM : {}) };
  await bucket.ask((s3, options) => s3.putObject({ ...at, ...one }, options));
  const begun = await bucket.ask((s3, options) =>
    s3.createMultipartUpload({ ...at, ...(sums ? CHECKSUM : {}) }, options),
  );
  const upload = { ...at, UploadId: begun.UploadId };
  const { ETag, ChecksumCRC32 } = await bucket.ask((s3, options) =>
    s3.uploadPart({ ...upload, PartNumber: 1, ...one }, options),
  );
  const checksums = begun.ChecksumType === 'FULL_OBJECT' && decodeCrc(ChecksumCRC32) === CRC;
  const MultipartUpload = {
    Parts: [{ PartNumber: 1, ETag, ...(checksums ? { ChecksumCRC32 } : {}) }],
  };
  const conditionalComplete = await isRefused(
    bucket.ask((s3, options) =>
      s3.completeMultipartUpload({ ...upload, IfNoneMatch: '*', MultipartUpload }, options),
    ),
  );
  if (conditionalComplete) await bucket.ask((s3, options) => s3.abortMultipartUpload(upload, options));
  return { conditionalComplete, checksums };
}

/** Whether the condition was kept. */
async function isRefused(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return false;
  } catch (thrown) {
    if (isFault(thrown, 'exists')) return true;
    // A parameter that it does not know is none that it keeps.
    if (isNotTaken(thrown)) return false;
    throw thrown;
  }
}

const noConditionalCreate = (versionId: string | undefined): string =>
  [
    'the store does not keep If-None-Match: *, without which nothing is done exactly once',
    ...(versionId === undefined ? [] : ["; some stores lose it when the bucket's versioning is on"]),
  ].join('');
