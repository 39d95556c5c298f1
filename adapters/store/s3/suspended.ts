import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { claimKey, suspendedKey } from './layout.ts';
import type { Lease } from './lease.ts';
import { headRaw } from './locate.ts';
import { openMultipart } from './multipart.ts';
import { readObject } from './read-object.ts';
import type { Remote } from './remote.ts';
import { isFault, unlessAbsent } from './s3-fault.ts';

/**
 * Which upload of a key can be resumed: one object a key, a line of JSON and then the bytes that are in no part yet.
 * Its parts stay in the open multipart upload. To go on with it is to hold the lease of its claim.
 */
const recordSchema = z.object({
  key: z.string(),
  /** Bytes, those after the line included. */
  size: z.number(),
  since: z.coerce.date(),
  note: z.string().optional(),
  multipart: z
    .object({
      id: z.string(),
      mark: z.string().optional(),
      /** The arrival that is in its metadata. */
      arrival: z.string(),
      /** Parts that count, and their bytes. */
      parts: z.number(),
      size: z.number(),
    })
    .optional(),
  /** What was at the key then. When something else is there, a newer upload was published: this one is forgotten. */
  over: z.string().optional(),
});
export type SuspendedRecord = z.output<typeof recordSchema>;

/** Bytes of the line at most: a note of 4 KiB in escapes, a key, and the rest. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface SuspendedUpload extends SuspendedRecord {
  /** Of the record's object. */
  readonly etag: string;
  /** Where the bytes begin in it. */
  readonly tailAt: number;
}

/** The suspended upload of a key, whatever has been published since. */
export async function readSuspended(bucket: Bucket, key: string): Promise<SuspendedUpload | undefined> {
  return readRecord(bucket, suspendedKey(key));
}

export async function readRecord(bucket: Bucket, at: string): Promise<SuspendedUpload | undefined> {
  const place = { Bucket: bucket.name, Key: bucket.full(at) };
  const range = { Range: `bytes=0-${MAX_LINE_BYTES - 1}` };
  const answer = await unlessAbsent(
    bucket.ask((s3, options) => s3.getObject({ ...place, ...range }, options)),
  );
  if (!answer?.Body) return undefined;
  const start = Buffer.from(await answer.Body.transformToByteArray());
  const end = start.indexOf(NEWLINE);
  if (end < 0) return undefined;
  const record = recordSchema.safeParse(JSON.parse(start.toString('utf8', 0, end))).data;
  return record && { ...record, etag: answer.ETag ?? '', tailAt: end + 1 };
}

/** The suspended upload of a key, unless something newer was published there. */
export async function currentSuspended(bucket: Bucket, key: string): Promise<SuspendedUpload | undefined> {
  const record = await readSuspended(bucket, key);
  if (!record) return undefined;
  const there = await headRaw(bucket, key);
  return there === undefined || there.signature === record.over ? record : undefined;
}

/** The bytes of the upload that are in no part, up to `size` bytes of the upload. */
export const readTail = (bucket: Bucket, { key, tailAt, multipart }: SuspendedUpload, size: number) =>
  readObject(bucket, suspendedKey(key), { from: tailAt, to: tailAt + size - (multipart?.size ?? 0) });

/** Makes this the suspended upload of its key; the parts of an older one are given up. */
export async function writeSuspended(
  { bucket }: Remote,
  record: Omit<SuspendedRecord, 'over'>,
  tail: Uint8Array,
): Promise<void> {
  const { key, multipart } = record;
  const [older, there] = await Promise.all([readSuspended(bucket, key), headRaw(bucket, key)]);
  const line = JSON.stringify({ ...record, ...(there ? { over: there.signature } : {}) });
  const object = {
    Bucket: bucket.name,
    Key: bucket.full(suspendedKey(key)),
    Body: Buffer.concat([Buffer.from(`${line}\n`), tail]),
  };
  await bucket.ask((s3, options) => s3.putObject(object, options));
  if (older?.multipart && older.multipart.id !== multipart?.id) await abortParts(bucket, older);
}

/** Somebody's right to go on with a suspended upload. */
export interface Claim {
  /** It was published, suspended again or aborted: with `forget` nothing of it can be resumed any more. */
  end(how: { forget: boolean }): Promise<void>;
}

/** Claims the key's suspended upload. Throws `busy` where somebody else has, or it is gone. */
export async function claimSuspended(
  { bucket, locks }: Remote,
  key: string,
): Promise<{ claim: Claim; record: SuspendedUpload }> {
  const lease = await locks.take(claimKey(key));
  if (!lease) throw new Fault('busy');
  try {
    const record = await currentSuspended(bucket, key);
    if (!record) throw new Fault('busy');
    return { claim: claimOf(bucket, lease, record), record };
  } catch (thrown) {
    await lease.release();
    throw thrown;
  }
}

const claimOf = (bucket: Bucket, lease: Lease, { key, etag }: SuspendedUpload): Claim => ({
  async end({ forget }) {
    // Another upload of the key may have been suspended meanwhile: that record is not this claim's.
    const now = forget ? await headRaw(bucket, suspendedKey(key)) : undefined;
    if (now?.etag === etag) await deleteRecord(bucket, key);
    await lease.release();
  },
});

/** Deletes a suspended upload with its parts. */
export async function dropSuspended(bucket: Bucket, record: SuspendedUpload): Promise<void> {
  await deleteRecord(bucket, record.key);
  await abortParts(bucket, record);
}

const deleteRecord = (bucket: Bucket, key: string): Promise<void> => deleteObject(bucket, suspendedKey(key));

async function abortParts(bucket: Bucket, { key, multipart }: SuspendedRecord): Promise<void> {
  if (!multipart) return;
  try {
    await openMultipart(bucket, key, { ...multipart, parts: [] }).abort();
  } catch (thrown) {
    // Swept by and by.
    if (!isFault(thrown, 'store-down')) throw thrown;
  }
}
