import { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import { copyObject } from './copy-object.ts';
import { deleteObject } from './delete-object.ts';
import type { Found } from './found.ts';
import { withLateFacts, writeLateFacts } from './late-facts.ts';
import { keptKey, markerKey, parentKey } from './layout.ts';
import { absence, headNamed, headRaw } from './locate.ts';
import { metadataOf } from './metadata.ts';
import type { Obstacles } from './obstacles.ts';
import { putBytes } from './put-bytes.ts';
import { putWhole } from './put-whole.ts';
import type { Remote } from './remote.ts';
import { isFault, unlessExists } from './s3-fault.ts';
import { forgetOlder } from './suspended.ts';

/**
 * How objects get, change and lose their names. What an arrival published is kept before its name means something else: a
 * copy within the store, or after a rename a note of where it went. Who replaces, moves, touches or removes holds the key's
 * lock meanwhile. A crash in between leaves a kept copy too many, or after the copying step of a rename both names.
 */
export interface Names {
  /**
   * Writes the object with `write`, whose `ifAbsent` says whether it must fail where there is one. `conditional`:
   * whether it can. Throws `exists` unless `replace`, `is-a-folder`, `not-a-folder`.
   *
   * A store without conditional completion: two large uploads to one key are kept apart by the key's lock, a large
   * one and a small one only as far as the moment between looking and writing.
   */
  place<T>(key: string, how: Placing, write: (ifAbsent: boolean) => Promise<T>): Promise<T>;
  move(from: string, to: string, how: Moving): Promise<void>;
  remove(key: string): Promise<void>;
  /** Gives what is at the key another time; it stays the same write of the same arrival. */
  touch(key: string, modified: Date): Promise<void>;
  /** Sees to it that the folder above stays when the last thing in it goes. */
  keepParent(key: string): Promise<void>;
  /** Makes a folder's marker. Throws `exists`. */
  mark(folder: string, movingFrom?: string): Promise<void>;
  /** The folder is whole: nothing is being moved there any more. */
  markWhole(folder: string): Promise<void>;
}

export interface Placing {
  readonly replace: boolean;
  readonly conditional: boolean;
  /** What is copied: unless `conditional`, nobody changes what is at that key meanwhile, either. */
  readonly source?: string;
}

export interface Moving {
  readonly replace: boolean;
  /** Only if the object is this arrival's, else `not-found`. */
  readonly arrival?: string | undefined;
  /** Whether the folder that it leaves goes, too. */
  readonly folderGoes?: boolean;
}

export function createNames({ bucket, can, locks }: Remote, obstacles: Obstacles): Names {
  const keep = async (key: string, found: Found): Promise<void> => {
    if (found.arrival !== undefined) await copyObject(bucket, found, keptKey(found.arrival, key));
  };

  const keepMove = async (from: string, movedTo: string, { arrival }: Found): Promise<void> => {
    if (arrival === undefined) return;
    const Metadata = metadataOf({ arrival, movedTo });
    await putBytes(bucket, keptKey(arrival, from), EMPTY, { Metadata });
  };

  const keepParent = async (key: string): Promise<void> => {
    const parent = parentKey(key);
    if (parent !== '') await mark(parent).catch(unlessExists);
  };

  const mark = async (folder: string, movingFrom?: string): Promise<void> => {
    await putWhole(bucket, markerKey(folder), EMPTY, { movingFrom }, true).finally(() =>
      obstacles.placed(markerKey(folder)),
    );
  };

  /** To be called with the key's lock. */
  const makeWay = async (key: string, there: Found | undefined, replace: boolean): Promise<void> => {
    if (there && !replace) throw new Fault('exists');
    if (there) await keep(key, there);
  };

  return {
    async place(key, { replace, conditional, source = key }, write) {
      await obstacles.requireFree(key);
      try {
        if (conditional) return await write(true);
      } catch (thrown) {
        if (!(replace && isFault(thrown, 'exists'))) throw thrown;
      } finally {
        obstacles.placed(key);
      }
      return await locks.withKeys([key, source], async () => {
        await makeWay(key, await headNamed(bucket, key), replace);
        return write(false);
      });
    },

    async move(from, to, { replace, arrival, folderGoes = false }) {
      await locks.withKeys([from, to], async () => {
        const [source, there] = await Promise.all([headNamed(bucket, from), headNamed(bucket, to)]);
        if (!source) throw await absence(bucket, from);
        if (arrival !== undefined && source.arrival !== arrival) throw new Fault('not-found');
        if (from === to) return;
        await obstacles.requireFree(to);
        await makeWay(to, there, replace);
        await copyObject(bucket, source, to, { ifAbsent: !there && can.conditionalCopy });
        obstacles.placed(to);
        await Promise.all([
          keepMove(from, to, source),
          forgetOlder(bucket, from, source),
          folderGoes || keepParent(from),
        ]);
        await deleteObject(bucket, from);
      });
    },

    async remove(key) {
      await locks.withKeys([key], async () => {
        const found = await headNamed(bucket, key);
        if (!found) throw await absence(bucket, key);
        await Promise.all([keep(key, found), forgetOlder(bucket, key, found), keepParent(key)]);
        await deleteObject(bucket, key);
      });
    },

    async touch(key, modified) {
      await locks.withKeys([key], async () => {
        const raw = await headRaw(bucket, key);
        if (!raw) throw await absence(bucket, key);
        const found = await withLateFacts(bucket, key, raw);
        const { arrival, digests, mark } = found;
        if (raw.late && raw.arrival !== undefined && arrival !== undefined) {
          await writeLateFacts(bucket, raw.arrival, { key, arrival, modified, digests });
        } else {
          await copyObject(bucket, found, key, { modified, mark });
        }
      });
    },

    keepParent,
    mark,

    async markWhole(folder) {
      await putBytes(bucket, markerKey(folder), EMPTY);
    },
  };
}

const EMPTY = Buffer.alloc(0);
