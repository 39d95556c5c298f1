import { Buffer } from 'node:buffer';
import { fstatSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import type { Upload } from '../../../core/ports/store.ts';
import { settleBlob } from './blobs.ts';
import { asFault, unlessMissing } from './errno.ts';
import { createFlusher } from './flusher.ts';
import { blobName, blobPath, linkTarget, objectPath, parentOf } from './layout.ts';
import { infoOf } from './locate.ts';
import type { OpenFile } from './open-file.ts';
import { rename } from './quick-calls.ts';
import { dropSuspended, endClaim, keepRecord, uploadPath } from './suspended.ts';
import { type Disk, inFolder, linkTo, makeName } from './tree.ts';

/** Bytes of a note in UTF-8. */
const MAX_NOTE_BYTES = 4096;

/** How far the time of an object may be from that of its publication, in milliseconds. */
const TIME_PRECISION_MS = 1000;

interface OpenUpload {
  readonly key: string;
  readonly arrival: string;
  readonly file: OpenFile;
  /** In uploads/; a resumed upload's file has an older arrival's name until it is published. */
  readonly name: string;
  /** Bytes that are there already. */
  readonly size: number;
  /** Whether it goes on with a suspended upload, whose claim ends with it. */
  readonly claimed: boolean;
  readonly note?: string | undefined;
}

export function createUpload(disk: Disk, open: OpenUpload): Upload {
  const { layout } = disk;
  const { key, arrival, file, claimed, note } = open;
  const blob = blobName(arrival, key);
  const flusher = createFlusher(file);
  let { name, size } = open;
  let sealed = false;
  let over = false;
  /** Bytes beyond `size` may be in the file: those of a write that failed half-way. */
  let ragged = false;
  let writtenAt = Number.NEGATIVE_INFINITY;

  const end = async (): Promise<void> => {
    over = true;
    // A flush that failed was thrown by `seal`; here only its end matters.
    await flusher.stop().catch(() => undefined);
    await file.close();
    if (claimed) await endClaim(layout, key);
  };

  const write = async (chunk: Uint8Array): Promise<void> => {
    sealed = false;
    ragged = true;
    await file.write(chunk, size);
    ragged = false;
    size += chunk.length;
    writtenAt = Date.now();
    await flusher.wrote(chunk.length);
  };

  const seal = async (): Promise<void> => {
    if (ragged) await file.truncate(size);
    ragged = false;
    // The object's time is that of its end, however long ago its last byte came; and no sweep finds it old any more.
    if (Date.now() - writtenAt > TIME_PRECISION_MS) await file.setTime(new Date());
    await flusher.stop();
    await file.sync();
    sealed = true;
  };

  /**
   * To blobs/, where it belongs; answers the folder that has it now. Where the move fails it stays in uploads/:
   * readers find it there, and each of them tries again.
   */
  const settle = async (): Promise<string> => {
    const folder = parentOf(blobPath(layout, blob));
    try {
      await inFolder(disk, folder, () => settleBlob(layout, blob, layout.uploads));
      return folder;
    } catch {
      return layout.uploads;
    }
  };

  const publish: Upload['publish'] = async ({ replace = false, modified } = {}) => {
    if (!sealed) await seal();
    if (modified) {
      await file.setTime(modified);
      await file.sync();
    }
    const stats = fstatSync(file.descriptor);
    if (stats.nlink === 0) throw new Fault('store-down', 'the upload was idle for so long that it was swept');
    if (name !== blob) {
      await rename(uploadPath(layout, name), uploadPath(layout, blob));
      name = blob;
    }
    // This is the publication: one atomic step, after which a crash leaves a whole object.
    await makeName(disk, key, replace, linkTo(linkTarget(key, blob)));
    over = true;
    // Both changes first, then both syncs: one write of the journal can hold both.
    const folder = await settle();
    await Promise.all([
      disk.syncFolder(parentOf(objectPath(layout, key))),
      disk.syncFolder(folder),
      dropSuspended(layout, key),
      end(),
    ]);
    return infoOf(key, { stats, blob });
  };

  const abort = async (): Promise<void> => {
    await end();
    await unlessMissing(unlink(uploadPath(layout, name)));
  };

  const suspend = async (text?: string): Promise<void> => {
    if (text !== undefined && Buffer.byteLength(text) > MAX_NOTE_BYTES) {
      throw new Fault('bad-argument', `a note has at most ${MAX_NOTE_BYTES} bytes`);
    }
    try {
      if (!sealed) await seal();
      await disk.syncFolder(layout.uploads);
      await keepRecord(disk, {
        key,
        upload: name,
        since: new Date(),
        ...(text === undefined ? {} : { note: text }),
      });
    } catch (thrown) {
      // Nobody could go on with it, and a disk that is full needs the room.
      await abort();
      throw thrown;
    }
    await end();
  };

  const step =
    <Arguments extends unknown[], T>(act: (...args: Arguments) => Promise<T>) =>
    async (...args: Arguments): Promise<T> => {
      if (over) throw new Fault('internal', 'the upload is over');
      try {
        return await act(...args);
      } catch (thrown) {
        throw asFault(thrown);
      }
    };

  return {
    get size() {
      return size;
    },
    ...(note === undefined ? {} : { note }),
    write: step(write),
    seal: step(seal),
    publish: step(publish),
    suspend: step(suspend),
    abort: step(abort),
  };
}
