import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import type { Found } from './found.ts';
import { getWhole } from './get-whole.ts';
import { claimKey, suspendedKey } from './layout.ts';
import type { Lease } from './lease.ts';
import { headRaw } from './locate.ts';
import { bytesIn, leadingParts, listParts, type Multipart, openMultipart, type Part } from './multipart.ts';
import { findOpenPiece, type OpenPiece } from './open-piece.ts';
import { putBytes } from './put-bytes.ts';
import { readObject } from './read-object.ts';
import type { Remote } from './remote.ts';
import { isFault } from './s3-fault.ts';
import { whileHeld } from './while-held.ts';

/**
 * Which upload of a key can be resumed: one object a key, a line of JSON and then the bytes that are in no part yet.
 * Its parts stay in the open multipart upload. To go on with it is to hold the lease of its claim.
 *
 * A record is written, too, when an upload begins to have parts, under its claim: when its listener is killed, the
 * parts that it stored since are counted by asking the store, and another listener goes on after them.
 */
const recordSchema = z.object({
  key: z.string(),
  /** Bytes, those after the line included. */
  size: z.number(),
  since: z.coerce.date(),
  note: z.string().optional(),
  /** Written when the upload began; it was never suspended. */
  begun: z.boolean().optional(),
  multipart: z
    .object({
      id: z.string(),
      mark: z.string().optional(),
      /** The arrival that is in its metadata. */
      arrival: z.string(),
      /** Parts that count, and their bytes. */
      parts: z.number(),
      size: z.number(),
      /** Parts after those count, too: whoever goes on stores them, and none is left of what was cut off. */
      grows: z.boolean().optional(),
    })
    .optional(),
  /** What was at the key then. When something else is there, a newer upload was published: this one is forgotten. */
  over: z.string().optional(),
});
export type SuspendedRecord = z.output<typeof recordSchema>;

/** Bytes of the line at most: a note of 4 KiB in escapes, a key, and the rest. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

export interface SuspendedUpload extends SuspendedRecord {
  /** Of the record's object. */
  readonly etag: string;
  /** Where the bytes begin in it. */
  readonly tailAt: number;
  /** After its parts, instead of the bytes. */
  readonly piece?: OpenPiece | undefined;
}

/** The suspended upload of a key, whatever has been published since. */
export async function readSuspended(bucket: Bucket, key: string): Promise<SuspendedUpload | undefined> {
  return readRecord(bucket, suspendedKey(key));
}

export async function readRecord(bucket: Bucket, at: string): Promise<SuspendedUpload | undefined> {
  const start = await getWhole(bucket, at, MAX_LINE_BYTES);
  const end = start?.bytes.indexOf(NEWLINE) ?? -1;
  if (!start || end < 0) return undefined;
  const record = recordSchema.safeParse(JSON.parse(start.bytes.toString('utf8', 0, end))).data;
  return record && { ...record, etag: start.etag, tailAt: end + 1 };
}

/** The suspended upload of a key with all that is stored of it, unless something newer was published there. */
export async function currentSuspended(bucket: Bucket, key: string): Promise<SuspendedUpload | undefined> {
  const record = await readSuspended(bucket, key);
  if (!record) return undefined;
  const [there, grown] = await Promise.all([headRaw(bucket, key), withStoredParts(bucket, record)]);
  if (!grown || (grown.begun && grown.size === 0)) return undefined;
  return there === undefined || there.signature === record.over ? grown : undefined;
}

/**
 * With the parts that were stored after the record was written. The first of them begins with the record's bytes.
 * Undefined where its parts are gone: a lifecycle rule of the bucket ends uploads, and knows nothing of records.
 */
async function withStoredParts(
  bucket: Bucket,
  record: SuspendedUpload,
): Promise<SuspendedUpload | undefined> {
  const { key, multipart } = record;
  if (!multipart) return record;
  const stored = await listParts(bucket, key, multipart.id);
  if (!stored || !multipart.grows) return stored && record;
  const parts = leadingParts(stored);
  const piece = parts.length === 0 ? undefined : await findOpenPiece(bucket, multipart.id, parts.length);
  const inParts = bytesIn({ parts });
  const size = inParts + (piece?.size ?? 0);
  if (size <= record.size) return record;
  return { ...record, size, multipart: { ...multipart, parts: parts.length, size: inParts }, piece };
}

/** The bytes of the upload that are in no part, up to `size` bytes of the upload. */
export const readTail = (bucket: Bucket, { key, tailAt, multipart }: SuspendedUpload, size: number) =>
  readObject(bucket, suspendedKey(key), { from: tailAt, to: tailAt + size - (multipart?.size ?? 0) });

/**
 * Makes this the suspended upload of its key; the parts of an older one are given up, unless somebody is going on with
 * it: `isClaimant` says that this is who holds the key's claim. Answers the ETag of the record.
 */
export async function writeSuspended(
  { bucket, locks }: Remote,
  record: Omit<SuspendedRecord, 'over'>,
  { tail, isClaimant }: { tail: Uint8Array; isClaimant: boolean },
): Promise<string> {
  const { key, multipart } = record;
  const [older, there] = await Promise.all([readSuspended(bucket, key), headRaw(bucket, key)]);
  const line = JSON.stringify({ ...record, ...(there ? { over: there.signature } : {}) });
  const etag = await putBytes(bucket, suspendedKey(key), Buffer.concat([Buffer.from(`${line}\n`), tail]));
  if (older?.multipart && older.multipart.id !== multipart?.id) {
    if (isClaimant || !(await locks.isHeld(claimKey(key)))) await abortParts(bucket, older);
  }
  return etag;
}

/** The record of what is left of an upload that is cut to these parts. */
export const cutTo = (
  { key, since, note, multipart }: SuspendedUpload,
  parts: readonly Part[],
): Omit<SuspendedRecord, 'over'> => {
  const size = bytesIn({ parts });
  return { key, since, note, size, multipart: { ...multipart!, parts: parts.length, size, grows: false } };
};

/** Somebody's right to go on with a suspended upload. */
export interface Claim {
  /** Throws `busy` once somebody else may have it: see `Lease`. */
  confirm(): Promise<void>;
  /** It was published, suspended again or aborted: with `forget` nothing of it can be resumed any more. */
  end(how: { forget: boolean }): Promise<void>;
  /** Goes on with this record, without bytes of its own. */
  rewrite(record: Omit<SuspendedRecord, 'over'>): Promise<Claim>;
}

/**
 * The claim of an upload that has parts now, with its record. None where somebody else goes on with an upload of the
 * key: this one is lost when its listener is killed.
 */
export async function claimBegun(
  remote: Remote,
  { key, multipart }: { key: string; multipart: Pick<Multipart, 'id' | 'mark'> & { arrival: string } },
): Promise<Claim | undefined> {
  const lease = await remote.locks.take(claimKey(key));
  if (!lease) return undefined;
  const { id, mark, arrival } = multipart;
  const record = {
    key,
    size: 0,
    since: new Date(),
    begun: true,
    multipart: { id, mark, arrival, parts: 0, size: 0, grows: true },
  };
  try {
    const etag = await writeSuspended(remote, record, { tail: NOTHING, isClaimant: true });
    return claimOf(remote, lease, { key, etag });
  } catch (thrown) {
    await lease.release();
    throw thrown;
  }
}

/** Claims the key's suspended upload. Throws `busy` where somebody else has, or it is gone. */
export async function claimSuspended(
  remote: Remote,
  key: string,
): Promise<{ claim: Claim; record: SuspendedUpload }> {
  const { bucket, locks } = remote;
  const lease = await locks.take(claimKey(key));
  if (!lease) throw new Fault('busy');
  try {
    const record = await currentSuspended(bucket, key);
    if (!record) throw new Fault('busy');
    return { claim: claimOf(remote, lease, record), record };
  } catch (thrown) {
    await lease.release();
    throw thrown;
  }
}

const claimOf = (
  remote: Remote,
  lease: Lease,
  { key, etag }: Pick<SuspendedUpload, 'key' | 'etag'>,
): Claim => ({
  confirm: lease.confirm,
  async end({ forget }) {
    try {
      // Another upload of the key may have been suspended meanwhile: that record is not this claim's.
      const now = forget ? await headRaw(remote.bucket, suspendedKey(key)) : undefined;
      if (now?.etag === etag) await deleteRecord(remote.bucket, key);
    } finally {
      await lease.release();
    }
  },
  async rewrite(record) {
    const own = { ...remote, bucket: whileHeld(remote.bucket, lease.confirm) };
    const written = await writeSuspended(own, record, { tail: NOTHING, isClaimant: true });
    return claimOf(remote, lease, { key, etag: written });
  },
});

/**
 * To be called before what is at the key goes: the record of an upload that is older, as a crash leaves one behind,
 * would be one to go on with again.
 */
export async function forgetOlder(bucket: Bucket, key: string, { signature }: Found): Promise<void> {
  const record = await readSuspended(bucket, key);
  // One that has begun counts for what its parts are.
  if (record && !record.begun && record.over !== signature) await deleteRecord(bucket, key);
}

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
