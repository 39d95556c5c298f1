import { statfs } from 'node:fs/promises';
import type { Room } from '../../../core/ports/room.ts';
import { asFault } from './errno.ts';

/** What the file system has left for whoever is not root. */
export const diskRoom =
  (root: string): Room =>
  async () => {
    try {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    } catch (thrown) {
      throw asFault(thrown);
    }
  };
