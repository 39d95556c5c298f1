import { constants } from 'node:fs';
import { copyFile, unlink, utimes } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import type { Objects } from '../../../core/ports/store.ts';
import { blobNamedAt, touchStatus } from './blobs.ts';
import { unlessMissing } from './errno.ts';
import { arrivalOf, objectPath, parentOf, tmpPath } from './layout.ts';
import { linkBlob } from './link-blob.ts';
import { absence, infoOf, locate, type Place } from './locate.ts';
import { openObject, readFile } from './read-file.ts';
import { dropSuspended } from './suspended.ts';
import { syncFile, writeSynced } from './synced-file.ts';
import { type Disk, placeName, requireFolder, sameFileAs, takeName } from './tree.ts';

/** Times that an object is looked for again because it moved between being found and being opened. */
const MAX_OPEN_RETRIES = 5;

export function createObjects(disk: Disk): Objects {
  const requireObject = async (key: string, arrival?: string): Promise<Place> => {
    const place = await locate(disk, key, arrival);
    if (!place) throw absence(disk, key);
    return place;
  };

  const openAt = async (key: string, arrival: string | undefined): Promise<number> => {
    for (let attempt = 1; ; attempt += 1) {
      const place = await locate(disk, key, arrival);
      if (!place) throw new Fault('not-found');
      const file = openObject(place.path);
      if (file !== undefined) return file;
      if (attempt === MAX_OPEN_RETRIES) throw new Fault('not-found');
    }
  };

  const copyPlain = async (source: Place, to: string, replace: boolean): Promise<void> => {
    const temporary = tmpPath(disk.layout);
    try {
      await copyFile(source.path, temporary, constants.COPYFILE_FICLONE);
      await syncFile(temporary);
      await placeName(disk, to, replace, sameFileAs(temporary));
    } finally {
      await unlessMissing(unlink(temporary));
    }
  };

  const renameBlob = async (blob: string, from: string, to: string, replace: boolean): Promise<void> => {
    const renamed = await linkBlob(disk, blob, to, replace);
    if (await takeName(disk, from, (path) => blobNamedAt(path) === blob)) return;
    // Somebody else moved, replaced or removed it first: that counts, and this name was never given. One that may
    // have replaced the other's name for the same blob stays: rather two names than none.
    if (!replace) await takeName(disk, to, (path) => blobNamedAt(path) === renamed);
    throw new Fault('not-found');
  };

  const renamePlain = async (source: Place, from: string, to: string, replace: boolean): Promise<void> => {
    await placeName(disk, to, replace, sameFileAs(source.path));
    await unlink(source.path);
    await disk.syncFolder(parentOf(objectPath(disk.layout, from)));
  };

  return {
    async head(key, arrival) {
      const place = await locate(disk, key, arrival);
      return place && infoOf(key, place);
    },

    async *read(key, { from = 0, to = Infinity, arrival } = {}) {
      yield* readFile(await openAt(key, arrival), from, to);
    },

    async put(key, bytes, { ifAbsent = false } = {}) {
      const temporary = tmpPath(disk.layout);
      try {
        await writeSynced(temporary, bytes);
        await placeName(disk, key, !ifAbsent, sameFileAs(temporary));
      } finally {
        await unlessMissing(unlink(temporary));
      }
    },

    async copy(from, to, { replace = false, arrival } = {}) {
      const source = await requireObject(from, arrival);
      if (source.blob === undefined) await copyPlain(source, to, replace);
      else await linkBlob(disk, source.blob, to, replace);
    },

    async rename(from, to, { replace = false, arrival } = {}) {
      const source = await requireObject(from);
      const { blob } = source;
      if (arrival !== undefined && (blob === undefined || arrivalOf(blob) !== arrival)) {
        throw new Fault('not-found');
      }
      if (from === to) return;
      if (blob === undefined) await renamePlain(source, from, to, replace);
      else await renameBlob(blob, from, to, replace);
      await dropSuspended(disk.layout, to);
    },

    async touch(key, modified) {
      const { path } = await requireObject(key);
      await utimes(path, modified, modified);
      await syncFile(path);
    },

    async remove(key) {
      const path = objectPath(disk.layout, key);
      // Found, its blob is where its arrival's readers look for it. A name whose blob is gone can be removed, too.
      const place = await locate(disk, key);
      if (!place && blobNamedAt(path) === undefined) throw absence(disk, key);
      requireFolder(parentOf(path));
      if (place?.blob !== undefined) await unlessMissing(touchStatus(place.path, place.stats));
      await unlink(path);
      await disk.syncFolder(parentOf(path));
    },
  };
}
