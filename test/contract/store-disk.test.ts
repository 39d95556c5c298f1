import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import { storeContract } from './store-contract.ts';
import { crashTests } from './store-disk/crashes.ts';
import { fullDiskTests } from './store-disk/full-disk.ts';
import { processTests } from './store-disk/processes.ts';
import { strangerTests } from './store-disk/strangers.ts';

storeContract('a store on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-store-'));
  const root = join(folder, 'store');
  const [store, peer] = [await openDiskStore({ root }), await openDiskStore({ root })];
  return {
    store,
    peer,
    async discard() {
      await Promise.all([store.close(), peer.close()]);
      await rm(folder, { recursive: true });
    },
  };
});

describe('a store on disk, with several processes', processTests);
describe('a store on disk, after a crash between two steps', crashTests);
describe('a store on disk, with what others put into its folders', strangerTests);
describe('a store on a full disk', fullDiskTests);
