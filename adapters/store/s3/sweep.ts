import type { Uploads } from '../../../core/ports/store.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { readLateFacts } from './late-facts.ts';
import { ASIDE, claimKey, KEPT, LATE, LEASES, PIECES, PROBES, SUSPENDED } from './layout.ts';
import { LEASE_MS } from './lease.ts';
import { decodeKey, listAll } from './listing.ts';
import { headRaw } from './locate.ts';
import { isNoSuchUpload, listParts, openMultipart } from './multipart.ts';
import type { Remote } from './remote.ts';
import { dropSuspended, readRecord, readSuspended, type SuspendedUpload } from './suspended.ts';

/** What the store's times may lack: some tell whole seconds. */
const GRAIN_MS = 1000;
/** A lease that nobody renewed for so long is only in the way, in milliseconds. */
const DEAD_LEASE_MS = 10 * LEASE_MS;

/** Each thing goes by its own time in the store, so a sweep that dies is simply gone on with by the next one. */
export function createSweep({ bucket, locks }: Remote): Uploads['sweep'] {
  const olderBelow = async function* (prefix: string, than: Date) {
    for await (const listed of listAll(bucket, prefix)) {
      if (isOlder(listed.modified, than)) yield listed.key;
    }
  };

  const hasParts = async ({ key, multipart }: SuspendedUpload): Promise<boolean> =>
    multipart !== undefined && (await listParts(bucket, key, multipart.id)) !== undefined;

  const dropOldSuspended = async (than: Date): Promise<number> => {
    let count = 0;
    for await (const at of olderBelow(SUSPENDED, than)) {
      const record = await readRecord(bucket, at);
      // Its age is that of its parts: looked at below, as long as there are any.
      if (record?.begun && (await hasParts(record))) continue;
      if (record && (await locks.isHeld(claimKey(record.key)))) continue;
      if (record) await dropSuspended(bucket, record);
      else await deleteObject(bucket, at);
      count += 1;
    }
    return count;
  };

  /** Multipart uploads without a recent part that nobody can resume. */
  const abortForsaken = async (than: Date): Promise<number> => {
    let count = 0;
    for await (const { key, id, since } of openUploads(bucket)) {
      if (!isOlder(since, than)) continue;
      const parts = await listParts(bucket, key, id);
      if (parts?.some(({ storedAt }) => !isOlder(storedAt, than))) continue;
      const record = await readSuspended(bucket, key);
      if (record?.multipart?.id === id) {
        if (!record.begun) continue;
        await dropSuspended(bucket, record);
        count += 1;
        continue;
      }
      await openMultipart(bucket, key, { id, parts: [] })
        .abort()
        .catch((thrown: unknown) => {
          if (!isNoSuchUpload(thrown)) throw thrown;
        });
      if (!key.startsWith(PIECES)) count += 1;
    }
    return count;
  };

  const removeOld = async (prefix: string, than: Date): Promise<number> => {
    let count = 0;
    for await (const key of olderBelow(prefix, than)) {
      await deleteObject(bucket, key);
      count += 1;
    }
    return count;
  };

  /** Who takes it knows by the store's clock that it is dead, and has it before anybody else. */
  const removeDead = async (leases: string): Promise<void> => {
    for await (const name of olderBelow(leases, new Date(Date.now() - DEAD_LEASE_MS))) {
      const lease = await locks.take(name);
      await lease?.release();
    }
  };

  /** Facts of objects that are there no more. */
  const removeOldFacts = async (than: Date): Promise<void> => {
    for await (const at of olderBelow(LATE, than)) {
      const [first] = at.slice(LATE.length).split('~');
      const facts = await readLateFacts(bucket, at);
      if (facts && (await headRaw(bucket, facts.key))?.arrival === first) continue;
      await deleteObject(bucket, at);
    }
  };

  return async ({ uploads, unnamed }) => {
    const suspended = await dropOldSuspended(uploads);
    const forsaken = await abortForsaken(uploads);
    await removeOld(PIECES, uploads);
    await removeOld(ASIDE, uploads);
    // Of starts that were refused.
    await removeOld(PROBES, uploads);
    const kept = await removeOld(KEPT, unnamed);
    await removeOldFacts(unnamed);
    for (const leases of LEASES) await removeDead(leases);
    return { uploads: suspended + forsaken, unnamed: kept };
  };
}

const isOlder = (time: Date, than: Date): boolean => time.getTime() + GRAIN_MS <= than.getTime();

async function* openUploads(bucket: Bucket): AsyncGenerator<{ key: string; id: string; since: Date }> {
  const below = { Bucket: bucket.name, Prefix: bucket.full('') };
  let encoding: { EncodingType?: 'url' } = { EncodingType: 'url' };
  for (let marker = {}; ; ) {
    const request = { ...below, ...marker, ...encoding };
    const page = await bucket.ask((s3, options) => s3.listMultipartUploads(request, options));
    if (encoding.EncodingType !== page.EncodingType) {
      // Ceph's gateway encodes some of the names then, and does not say so: it is asked for them as they are.
      encoding = {};
      continue;
    }
    for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
      const key = decodeKey(Key, page.EncodingType).slice(bucket.full('').length);
      yield { key, id: UploadId, since: Initiated };
    }
    if (!page.IsTruncated) return;
    marker = {
      KeyMarker: decodeKey(page.NextKeyMarker ?? '', page.EncodingType),
      UploadIdMarker: page.NextUploadIdMarker,
    };
  }
}
