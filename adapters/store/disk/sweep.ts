import { Buffer } from 'node:buffer';
import { rename, rmdir, stat, unlink } from 'node:fs/promises';
import type { Uploads } from '../../../core/ports/store.ts';
import { blobNamedAt, settleBlob } from './blobs.ts';
import { isErrno, unlessMissing } from './errno.ts';
import { isBlobName } from './layout.ts';
import { namesIn } from './list-folder.ts';
import { statsAt } from './look-up.ts';
import { createNameFilter, type NameFilter } from './name-filter.ts';
import { dropRecord, readRecord, uploadPath } from './suspended.ts';
import type { Disk } from './tree.ts';

/** Temporary names live for a moment; a process that died left those that are older, in milliseconds. */
const TMP_MS = 60 * 60_000;

const SLASH = Buffer.from('/');

/**
 * One sweep: every name is read first, then what none of them means goes, by age (ctime: a file's last write, move or
 * loss of a name). A blob without a name is only moved to unnamed/; it is deleted by a sweep that comes `quarantineMs`
 * later and again finds no name for it. So a name that a walk missed, because its folder was moved meanwhile, costs
 * nothing: its first reader puts the blob back. A crash at any point leaves what the next sweep goes on with.
 */
export function createSweep({ layout, syncFolder }: Disk, quarantineMs: number): Uploads['sweep'] {
  const isOlder = (path: string, than: number): boolean => {
    const stats = statsAt(path);
    return stats !== undefined && stats.ctimeMs < than;
  };

  const deleteOld = async (
    folder: string,
    than: number,
    isKept: (name: string) => boolean,
  ): Promise<number> => {
    let count = 0;
    for await (const { name } of namesIn(folder)) {
      const path = `${folder}/${name}`;
      if (isKept(name.toString()) || !isOlder(path, than)) continue;
      if (await unlessMissing(unlink(path).then(() => true))) count += 1;
    }
    return count;
  };

  /** Suspended uploads, and what is kept of claims, by when they were suspended. */
  const dropOldRecords = async (than: number): Promise<number> => {
    let count = 0;
    for await (const { name } of namesIn(layout.suspended)) {
      const path = `${layout.suspended}/${name}`;
      if (!isOlder(path, than)) continue;
      const record = await readRecord(path);
      // A claimed upload that still takes bytes is young by its own file.
      if (record && !(await isOlderOrGone(uploadPath(layout, record.upload), than))) continue;
      if ((await dropRecord(layout, path)) && record) count += 1;
    }
    return count;
  };

  /** An upload that can be resumed is named, too. */
  const readRecords = async (names: NameFilter): Promise<void> => {
    for await (const { name } of namesIn(layout.suspended)) {
      const record = await readRecord(`${layout.suspended}/${name}`);
      if (record) names.add(record.upload);
    }
  };

  const isOlderOrGone = async (path: string, than: number): Promise<boolean> => {
    const stats = await unlessMissing(stat(path));
    return stats === undefined || stats.ctimeMs < than;
  };

  const setAsideUnnamed = async (names: NameFilter, than: number): Promise<number> => {
    let count = 0;
    for await (const day of namesIn(layout.blobs)) {
      // Another sweep may remove an empty day at the same time.
      if (day.isDirectory()) count += (await unlessMissing(setAsideDay(`${layout.blobs}/${day.name}`))) ?? 0;
    }
    await syncFolder(layout.unnamed);
    return count;

    async function setAsideDay(folder: string): Promise<number> {
      let moved = 0;
      for await (const { name } of namesIn(folder)) {
        const blob = name.toString();
        if (!isBlobName(blob) || names.has(blob) || !isOlder(`${folder}/${blob}`, than)) continue;
        const moving = rename(`${folder}/${blob}`, `${layout.unnamed}/${blob}`).then(() => true);
        if (await unlessMissing(moving)) moved += 1;
      }
      await rmdir(folder).catch((thrown) => {
        if (!isErrno(thrown, 'ENOTEMPTY')) throw thrown;
      });
      return moved;
    }
  };

  /** Gives back what was set aside and has a name after all. */
  const putBackNamed = async (names: NameFilter): Promise<void> => {
    for await (const { name } of namesIn(layout.unnamed)) {
      const blob = name.toString();
      if (isBlobName(blob) && names.has(blob)) await settleBlob(layout, blob, layout.unnamed);
    }
  };

  return async (olderThan) => {
    const now = Date.now();
    // What came while the names were read may have one that was not.
    const uploads = Math.min(olderThan.uploads.getTime(), now);
    const unnamed = Math.min(olderThan.unnamed.getTime(), now);
    const names = createNameFilter();
    const readAll = await readNames(Buffer.from(layout.objects), names);
    const isNamed = (blob: string): boolean => isBlobName(blob) && names.has(blob);

    await deleteOld(layout.tmp, now - TMP_MS, () => false);
    const suspended = await dropOldRecords(uploads);
    if (!readAll) return { uploads: suspended, unnamed: 0 };
    await readRecords(names);
    const forsaken = await deleteOld(layout.uploads, uploads, isNamed);
    await putBackNamed(names);
    await deleteOld(layout.unnamed, now - quarantineMs, isNamed);
    return { uploads: suspended + forsaken, unnamed: await setAsideUnnamed(names, unnamed) };
  };
}

/**
 * All names of the tree, depth first, without following any link; names that are not UTF-8 too. False when a folder
 * went while it was read: it may be where the walk has been already.
 */
async function readNames(folder: Buffer, names: NameFilter): Promise<boolean> {
  try {
    for await (const entry of namesIn(folder)) {
      const path = Buffer.concat([folder, SLASH, entry.name]);
      if (entry.isFile()) continue;
      if (entry.isDirectory()) {
        if (!(await readNames(path, names))) return false;
      } else {
        const blob = blobNamedAt(path);
        if (blob !== undefined) names.add(blob);
      }
    }
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return false;
    throw thrown;
  }
}
