import { readFile, rename, stat, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { unlessMissing } from './errno.ts';
import { isBlobName, keyHash, type Layout, tmpPath } from './layout.ts';
import { statsAt } from './look-up.ts';
import { writeSynced } from './synced-file.ts';
import type { Disk } from './tree.ts';

/**
 * Which upload of a key can be resumed: one small file a key. To go on with the upload is to rename that file, which
 * only one of several processes can do.
 */
const recordSchema = z.object({
  key: z.string(),
  /** The file in uploads/. */
  upload: z.string().refine(isBlobName),
  since: z.coerce.date(),
  note: z.string().optional(),
});
export type SuspendedRecord = z.output<typeof recordSchema>;

/** A claimed upload that takes no byte for so long is its claimer's no more, in milliseconds: it has died. */
const CLAIM_MS = 5 * 60_000;

const recordPath = (layout: Layout, key: string): string => `${layout.suspended}/${keyHash(key)}.json`;
const claimPath = (layout: Layout, key: string): string => `${layout.suspended}/${keyHash(key)}.claimed`;

export const uploadPath = (layout: Layout, upload: string): string => `${layout.uploads}/${upload}`;

/** What a record's file says; undefined when it is gone, or nothing of ours. */
export async function readRecord(path: string): Promise<SuspendedRecord | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  if (text === undefined) return undefined;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export const suspendedRecord = (layout: Layout, key: string): Promise<SuspendedRecord | undefined> =>
  readRecord(recordPath(layout, key));

/** Makes the record the one of its key; the upload of an older one is deleted. Durable. */
export async function keepRecord({ layout, syncFolder }: Disk, record: SuspendedRecord): Promise<void> {
  const older = await suspendedRecord(layout, record.key);
  const temporary = tmpPath(layout);
  await writeSynced(temporary, new TextEncoder().encode(JSON.stringify(record)));
  await rename(temporary, recordPath(layout, record.key));
  await syncFolder(layout.suspended);
  if (older && older.upload !== record.upload) await unlessMissing(unlink(uploadPath(layout, older.upload)));
}

/** Claims the key's suspended upload; undefined when there is none, or another one was faster. */
export async function claimRecord(layout: Layout, key: string): Promise<SuspendedRecord | undefined> {
  const claimed = claimPath(layout, key);
  const renamed = await unlessMissing(rename(recordPath(layout, key), claimed).then(() => true));
  return renamed ? await readRecord(claimed) : undefined;
}

export const unclaimRecord = (layout: Layout, key: string): Promise<void> =>
  rename(claimPath(layout, key), recordPath(layout, key));

/** The claim is over: the upload was published, suspended again or aborted. */
export async function endClaim(layout: Layout, key: string): Promise<void> {
  await unlessMissing(unlink(claimPath(layout, key)));
}

/** Whether somebody is going on with a suspended upload of the key now. */
export async function isClaimed(layout: Layout, key: string): Promise<boolean> {
  const record = await readRecord(claimPath(layout, key));
  const stats = record && (await unlessMissing(stat(uploadPath(layout, record.upload))));
  return stats !== undefined && Date.now() - stats.ctimeMs < CLAIM_MS;
}

/** Deletes the key's suspended upload: a newer one was published. */
export async function dropSuspended(layout: Layout, key: string): Promise<void> {
  const path = recordPath(layout, key);
  if (statsAt(path)) await dropRecord(layout, path);
}

/** Deletes a record and its upload, unless somebody claims it first. Answers whether it did. */
export async function dropRecord(layout: Layout, path: string): Promise<boolean> {
  const temporary = tmpPath(layout);
  if (!(await unlessMissing(rename(path, temporary).then(() => true)))) return false;
  const record = await readRecord(temporary);
  if (record) await unlessMissing(unlink(uploadPath(layout, record.upload)));
  await unlink(temporary);
  return true;
}
