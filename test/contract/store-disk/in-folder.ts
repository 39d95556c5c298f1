import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import type { Store } from '../../../core/ports/store.ts';

/** A test with a disk store in a folder of its own, which is deleted afterwards. */
export const inFolder =
  (test: (root: string, store: Store) => Promise<void>, options: { quarantineMs?: number } = {}) =>
  async (): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-store-'));
    try {
      const root = join(folder, 'store');
      await test(root, await openDiskStore({ root, ...options }));
    } finally {
      await rm(folder, { recursive: true });
    }
  };
