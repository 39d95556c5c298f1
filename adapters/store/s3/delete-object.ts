import type { Bucket } from './bucket.ts';
import { unlessAbsent } from './s3-fault.ts';

/** Deletes what is there; nothing there is no error, on any make of store. */
export async function deleteObject(bucket: Bucket, key: string): Promise<void> {
  const at = { Bucket: bucket.name, Key: bucket.full(key) };
  await unlessAbsent(bucket.ask((s3, options) => s3.deleteObject(at, options)));
}
