import type { Uploads } from '../../../core/ports/store.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { readLateFacts } from './late-facts.ts';
import { ASIDE, claimKey, KEPT, LATE, LEASES, PIECES, PROBES, piecesOf, SUSPENDED } from './layout.ts';
import { LEASE_MS } from './lease.ts';
import { listAll } from './listing.ts';
import { headRaw } from './locate.ts';
import { listParts, openMultipart } from './multipart.ts';
import { openUploads } from './open-uploads.ts';
import type { Remote } from './remote.ts';
import { dropSuspended, readRecord, readSuspended, type SuspendedUpload } from './suspended.ts';
import { whileHeld } from './while-held.ts';

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

  /** Whether bytes of the upload were stored lately: in its parts, or in a piece that is to be one. */
  const isRecent = async (key: string, id: string, than: Date): Promise<boolean> => {
    const hasRecentPart = async (at: string, upload: string): Promise<boolean> =>
      (await listParts(bucket, at, upload))?.some(({ storedAt }) => !isOlder(storedAt, than)) === true;
    if (await hasRecentPart(key, id)) return true;
    for await (const piece of openUploads(bucket, piecesOf(id))) {
      if (await hasRecentPart(piece.key, piece.id)) return true;
    }
    for await (const { modified } of listAll(bucket, piecesOf(id))) if (!isOlder(modified, than)) return true;
    return false;
  };

  /** Ends what is stored of the key under its claim: nobody has it then, nor begins to go on with it. */
  const underClaim = async (key: string, end: (own: Bucket) => Promise<boolean>): Promise<boolean> => {
    const lease = await locks.take(claimKey(key));
    if (!lease) return false;
    try {
      return await end(whileHeld(bucket, lease.confirm));
    } finally {
      await lease.release();
    }
  };

  const dropOld = async (at: string, record: SuspendedUpload, than: Date): Promise<boolean> => {
    const { key, multipart, etag } = record;
    if (multipart && (await isRecent(key, multipart.id, than))) return false;
    return underClaim(key, async (own) => {
      if ((await readRecord(own, at))?.etag !== etag) return false;
      await dropSuspended(own, record);
      return true;
    });
  };

  const dropOldSuspended = async (than: Date): Promise<number> => {
    let count = 0;
    for await (const at of olderBelow(SUSPENDED, than)) {
      const record = await readRecord(bucket, at);
      if (!record) await deleteObject(bucket, at);
      else if (await dropOld(at, record, than)) count += 1;
    }
    return count;
  };

  const isOfRecord = async (key: string, id: string): Promise<boolean> =>
    (await readSuspended(bucket, key))?.multipart?.id === id;

  const abortUnclaimed = async (key: string, id: string, than: Date): Promise<boolean> => {
    if (await isRecent(key, id, than)) return false;
    if ((await locks.isHeld(claimKey(id))) || (await isOfRecord(key, id))) return false;
    return underClaim(key, async (own) => {
      // Who had it may have suspended it just now.
      if (await isOfRecord(key, id)) return false;
      await openMultipart(own, key, { id, parts: [] }).abort();
      return true;
    });
  };

  /** Multipart uploads that nobody has and nobody can resume. Answers, too, where pieces are of those that stay. */
  const abortForsaken = async (than: Date): Promise<{ count: number; staying: ReadonlySet<string> }> => {
    let count = 0;
    const staying = new Set<string>();
    for await (const { key, id, since } of openUploads(bucket)) {
      if (key.startsWith(PIECES) || !isOlder(since, than)) continue;
      if (await abortUnclaimed(key, id, than)) count += 1;
      else staying.add(piecesOf(id));
    }
    return { count, staying };
  };

  /** Those of uploads that are there no more: none is older than its upload. */
  const removePieces = async (than: Date, staying: ReadonlySet<string>): Promise<void> => {
    const isStaying = (key: string): boolean => staying.has(key.slice(0, key.lastIndexOf('-') + 1));
    for await (const { key, id, since } of openUploads(bucket, PIECES)) {
      if (isOlder(since, than) && !isStaying(key))
        await openMultipart(bucket, key, { id, parts: [] }).abort();
    }
    for await (const key of olderBelow(PIECES, than)) if (!isStaying(key)) await deleteObject(bucket, key);
  };

  const removeAside = async (than: Date): Promise<void> => {
    for await (const at of olderBelow(ASIDE, than)) {
      if (!(await locks.isHeld(claimKey(at)))) await deleteObject(bucket, at);
    }
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
    await removePieces(uploads, forsaken.staying);
    await removeAside(uploads);
    // Of starts that were refused.
    await removeOld(PROBES, uploads);
    const kept = await removeOld(KEPT, unnamed);
    await removeOldFacts(unnamed);
    for (const leases of LEASES) await removeDead(leases);
    return { uploads: suspended + forsaken.count, unnamed: kept };
  };
}

const isOlder = (time: Date, than: Date): boolean => time.getTime() + GRAIN_MS <= than.getTime();
