import { statfs } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import type { Room } from '../../../core/ports/room.ts';

/** What the file system has left for whoever is not root. */
export const diskRoom =
  (root: string): Room =>
  async () => {
    try {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    } catch (cause) {
      throw new Fault('store-down', undefined, { cause });
    }
  };
