import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { digestNames } from '../../../core/arrival.ts';
import type { Bucket } from './bucket.ts';
import type { Found } from './found.ts';
import { getWhole } from './get-whole.ts';
import { lateKey } from './layout.ts';
import { putBytes } from './put-bytes.ts';

/**
 * The metadata of a multipart object is fixed when its upload begins. Who ended it, when its file was modified and
 * what its digests are may be known later only: then that is in an object of its own, written before the object
 * becomes visible, and again when it is touched. So a new time needs no copy of the bytes.
 */
const lateSchema = z.object({
  key: z.string(),
  arrival: z.string(),
  modified: z.coerce.date<Date | string>().optional(),
  digests: z.partialRecord(z.enum(digestNames), z.string()).optional(),
});
export type LateFacts = z.output<typeof lateSchema>;

/** Writes the facts of the object that has `first` in its metadata. */
export async function writeLateFacts(bucket: Bucket, first: string, facts: LateFacts): Promise<void> {
  await putBytes(bucket, lateKey(first, facts.key), Buffer.from(JSON.stringify(facts)));
}

export async function readLateFacts(bucket: Bucket, at: string): Promise<LateFacts | undefined> {
  const whole = await getWhole(bucket, at);
  return whole && lateSchema.parse(JSON.parse(whole.bytes.toString()));
}

export async function withLateFacts(bucket: Bucket, key: string, found: Found): Promise<Found> {
  if (!found.late || found.arrival === undefined) return found;
  const facts = await readLateFacts(bucket, lateKey(found.arrival, key));
  if (!facts) return found;
  const { arrival, modified = found.modified, digests = found.digests } = facts;
  return { ...found, arrival, modified, digests };
}
