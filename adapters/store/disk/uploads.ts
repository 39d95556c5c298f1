import { constants } from 'node:fs';
import { copyFile, stat, unlink } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import type { Upload, Uploads } from '../../../core/ports/store.ts';
import { unlessMissing } from './errno.ts';
import { blobName } from './layout.ts';
import { locate } from './locate.ts';
import { type OpenFile, openForWriting } from './open-file.ts';
import {
  claimRecord,
  isClaimed,
  type SuspendedRecord,
  suspendedRecord,
  unclaimRecord,
  uploadPath,
} from './suspended.ts';
import { createSweep } from './sweep.ts';
import type { Disk } from './tree.ts';
import { createUpload } from './upload.ts';

export function createUploads(disk: Disk, quarantineMs: number): Uploads {
  const { layout } = disk;

  /** Bytes of the suspended upload; undefined when its file is gone. */
  const sizeOf = async ({ upload }: SuspendedRecord): Promise<number | undefined> =>
    (await unlessMissing(stat(uploadPath(layout, upload))))?.size;

  const begin = async (key: string, arrival: string): Promise<Upload> => {
    const name = blobName(arrival, key);
    const file = await openForWriting(uploadPath(layout, name), 'wx');
    return createUpload(disk, { key, arrival, file, name, size: 0, claimed: false });
  };

  const resumeSuspended = async (key: string, arrival: string, at: number): Promise<Upload> => {
    const record = await claimRecord(layout, key);
    if (!record) throw new Fault('busy');
    try {
      // Looked at again: what was claimed may be a newer one than what was found.
      requireBytes(await sizeOf(record), at);
      const file = await openCut(uploadPath(layout, record.upload), at);
      const { upload: name, note } = record;
      return createUpload(disk, { key, arrival, file, name, size: at, claimed: true, note });
    } catch (thrown) {
      await unclaimRecord(layout, key);
      throw thrown;
    }
  };

  const resumeFinished = async (key: string, arrival: string, at: number): Promise<Upload> => {
    const source = await locate(disk, key);
    requireBytes(source?.stats.size, at);
    if (!source) return begin(key, arrival);
    const name = blobName(arrival, key);
    const path = uploadPath(layout, name);
    try {
      await copyFile(source.path, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      const file = await openCut(path, at);
      return createUpload(disk, { key, arrival, file, name, size: at, claimed: false });
    } catch (thrown) {
      await unlessMissing(unlink(path));
      throw thrown;
    }
  };

  return {
    begin,

    async resume(key, arrival, at) {
      const record = await suspendedRecord(layout, key);
      const size = record && (await sizeOf(record));
      if (size !== undefined) {
        requireBytes(size, at);
        return resumeSuspended(key, arrival, at);
      }
      if (await isClaimed(layout, key)) throw new Fault('busy');
      return resumeFinished(key, arrival, at);
    },

    async suspended(key) {
      const record = await suspendedRecord(layout, key);
      const size = record && (await sizeOf(record));
      return size === undefined ? undefined : { key, size, since: record!.since };
    },

    sweep: createSweep(disk, quarantineMs),
  };
}

function requireBytes(size = 0, at: number): void {
  if (size < at) throw new Fault('bad-offset', `${at} is beyond the ${size} bytes that are stored`);
}

async function openCut(path: string, size: number): Promise<OpenFile> {
  const file = await openForWriting(path, 'r+');
  try {
    await file.truncate(size);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}
