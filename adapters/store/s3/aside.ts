import type { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import { deleteObject } from './delete-object.ts';
import { asideKey, claimKey } from './layout.ts';
import type { Lease } from './lease.ts';
import { putWhole } from './put-whole.ts';
import { readObject } from './read-object.ts';
import type { Remote } from './remote.ts';

/** Where an upload has its bytes that are in no part while others need its memory: an object of its own. */
export interface Aside {
  put(bytes: Buffer): Promise<void>;
  /** Reads them back; there are as many as there is room. */
  read(into: Buffer): Promise<void>;
  /** Leaves nothing behind; never throws: what is left is swept. */
  clear(): Promise<void>;
}

export function createAside(
  { bucket, locks }: Pick<Remote, 'bucket' | 'locks'>,
  key: string,
  arrival: string,
): Aside {
  const at = asideKey(arrival, key);
  let isUsed = false;
  /** Sweeps leave it alone meanwhile. */
  let lease: Lease | undefined;
  return {
    async put(bytes) {
      isUsed = true;
      lease ??= await locks.take(claimKey(at));
      await putWhole(bucket, at, bytes, {}, false);
    },
    async read(into) {
      let filled = 0;
      for await (const chunk of readObject(bucket, at, {})) {
        chunk.copy(into, filled);
        filled += chunk.length;
      }
      if (filled === into.length) return;
      throw new Fault('store-down', `of ${into.length} bytes that were put aside ${filled} came back`);
    },
    async clear() {
      if (!isUsed) return;
      isUsed = false;
      await Promise.allSettled([deleteObject(bucket, at), lease?.release()]);
    },
  };
}
