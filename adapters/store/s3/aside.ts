import type { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { asideKey } from './layout.ts';
import { putWhole } from './put-whole.ts';
import { readObject } from './read-object.ts';

/** Where an upload has its bytes that are in no part while others need its memory: an object of its own. */
export interface Aside {
  put(bytes: Buffer): Promise<void>;
  /** Reads them back; there are as many as there is room. */
  read(into: Buffer): Promise<void>;
  /** Leaves nothing behind; never throws: what is left is swept. */
  clear(): Promise<void>;
}

export function createAside(bucket: Bucket, key: string, arrival: string): Aside {
  const at = asideKey(arrival, key);
  let isUsed = false;
  return {
    async put(bytes) {
      isUsed = true;
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
      await deleteObject(bucket, at).catch(() => undefined);
    },
  };
}
