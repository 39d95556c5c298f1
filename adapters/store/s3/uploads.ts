import { Fault } from '../../../core/fault.ts';
import type { Upload, Uploads } from '../../../core/ports/store.ts';
import type { Bucket } from './bucket.ts';
import { claimKey } from './layout.ts';
import { headNamed } from './locate.ts';
import { beginMultipart, listParts, MIN_PART_BYTES, type Multipart, openMultipart } from './multipart.ts';
import { readObject } from './read-object.ts';
import { claimSuspended, currentSuspended, cutTo, readTail, type SuspendedUpload } from './suspended.ts';
import { createSweep } from './sweep.ts';
import { openUpload, type UploadPorts } from './upload.ts';
import { whileHeld } from './while-held.ts';
import { whileSame } from './while-same.ts';

export function createUploads(ports: UploadPorts): Uploads {
  const { remote } = ports;
  const { bucket, locks } = remote;

  const resumeSuspended = async (key: string, arrival: string, at: number): Promise<Upload> => {
    const { claim: first, record } = await claimSuspended(remote, key);
    let claim = first;
    try {
      // Looked at again: what was claimed may be a newer one than what was found.
      requireBytes(record.size, at);
      const main = await reopen(whileHeld(bucket, claim.confirm), record, at);
      const isCut = main !== undefined && main.parts.length < record.multipart!.parts;
      if (isCut) claim = await claim.rewrite(cutTo(record, main.parts));
      const grows = !isCut && record.multipart?.grows === true;
      const beyond = at - (record.multipart?.size ?? 0);
      if (main && record.piece && beyond > 0) {
        await claim.confirm();
        await record.piece.copyInto(main, beyond);
      }
      const parts = main && { main, arrival: record.multipart!.arrival, grows };
      return await openUpload(ports, {
        key,
        arrival,
        claim,
        note: record.note,
        ...(beyond > 0 && !record.piece ? { start: readTail(bucket, record, at) } : {}),
        ...(parts ? { parts } : {}),
      });
    } catch (thrown) {
      await claim.end({ forget: false });
      throw thrown;
    }
  };

  /** The upload's parts, cut to `at` bytes: parts of an upload cannot be read, so only between two of them. */
  const reopen = async (
    own: Bucket,
    { key, multipart }: SuspendedUpload,
    at: number,
  ): Promise<Multipart | undefined> => {
    if (!multipart || at === 0) return undefined;
    const stored = await listParts(bucket, key, multipart.id);
    if (!stored) throw new Fault('bad-offset', 'the parts of the upload are gone');
    const parts = stored.filter(({ number }) => number <= multipart.parts);
    let size = 0;
    let count = 0;
    for (; count < parts.length && size + parts[count]!.size <= at; count += 1) size += parts[count]!.size;
    if (size !== Math.min(at, multipart.size)) {
      throw new Fault('bad-offset', `of what is stored, ${size} or all can be gone on from`);
    }
    return openMultipart(own, key, { ...multipart, parts: parts.slice(0, count) });
  };

  const resumeFinished = async (key: string, arrival: string, at: number): Promise<Upload> => {
    const source = await headNamed(bucket, key);
    requireBytes(source?.size, at);
    if (!source || at < MIN_PART_BYTES) {
      return openUpload(ports, {
        key,
        arrival,
        ...(at > 0 ? { start: readObject(bucket, key, { to: at }) } : {}),
      });
    }
    const main = await beginMultipart(bucket, key, { arrival, late: true });
    // To be resumed there must be more of it than what is in the object.
    const guard = await locks.take(claimKey(main.id));
    try {
      await whileSame(bucket, source, () => main.copyIn(source, at));
      return await openUpload(ports, { key, arrival, guard, parts: { main, arrival, grows: true } });
    } catch (thrown) {
      await Promise.allSettled([main.abort(), guard?.release()]);
      throw thrown;
    }
  };

  return {
    begin: (key, arrival) => openUpload(ports, { key, arrival }),

    async resume(key, arrival, at) {
      const record = await currentSuspended(bucket, key);
      if (!record) return resumeFinished(key, arrival, at);
      requireBytes(record.size, at);
      return resumeSuspended(key, arrival, at);
    },

    async suspended(key) {
      // In this order: while it is claimed, what is stored of it grows.
      if (await locks.isHeld(claimKey(key))) return undefined;
      const record = await currentSuspended(bucket, key);
      return record && { key, size: record.size, since: record.since };
    },

    sweep: createSweep(remote),
  };
}

function requireBytes(size = 0, at: number): void {
  if (size < at) throw new Fault('bad-offset', `${at} is beyond the ${size} bytes that are stored`);
}
