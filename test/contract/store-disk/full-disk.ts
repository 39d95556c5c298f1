import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import { newArrivalId } from '../../../core/arrival.ts';
import { bytesOf, contents, expectFault, names, publish, text } from '../store/given.ts';

const DISK_KIB = 1024;

/** Where a small file system is mounted, or why none can be. */
function mountSmallDisk(): { root: string } | { reason: string } {
  const root = mkdtempSync(join(tmpdir(), 'landfall-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KIB}k`, 'tmpfs', root], { stdio: 'pipe' });
    return { root };
  } catch (thrown) {
    rmSync(root, { recursive: true });
    return { reason: `mounting is not permitted here: ${(thrown as Error).message.trim()}` };
  }
}

const cases: Record<string, (root: string) => Promise<void>> = {
  'says store-full, keeps what it has, suspends what arrived, and works again with room': fillUp,
  'makes room by what it cannot suspend': fillToTheLast,
};

export function fullDiskTests(): void {
  for (const [name, run] of Object.entries(cases)) {
    it(name, async (test) => {
      const disk = mountSmallDisk();
      if ('reason' in disk) return test.skip(disk.reason);
      try {
        await run(disk.root);
      } finally {
        // Lazily: a test that fails may have left files open there.
        execFileSync('umount', ['--lazy', disk.root]);
        rmSync(disk.root, { recursive: true });
      }
    });
  }
}

async function fillUp(root: string): Promise<void> {
  const store = await openDiskStore({ root });
  const kept = bytesOf(100 * 1024);
  await publish(store, 'files/kept', kept);

  const upload = await store.uploads.begin('files/big', newArrivalId());
  const block = bytesOf(100 * 1024, 'big');
  const fill = async () => {
    for (let count = 0; count < 20; count += 1) await upload.write(block);
  };
  await expectFault(fill(), 'store-full');
  const { size } = upload;
  expect(size % block.length).toBe(0);
  await expectFault(store.objects.put('files/put', bytesOf(200 * 1024)), 'store-full');
  expect(await names(store, 'files')).toEqual(['kept']);
  expect((await contents(store, 'files/kept')).equals(kept)).toBe(true);

  await store.objects.remove('files/kept');
  await upload.suspend();
  expect((await store.uploads.suspended('files/big'))?.size).toBe(size);
  const resumed = await store.uploads.resume('files/big', newArrivalId(), size);
  await resumed.abort();
  await store.objects.put('files/put', Buffer.from('room again'));
  expect(await text(store, 'files/put')).toBe('room again');
  await publish(store, 'files/big', block);
  expect((await contents(store, 'files/big')).equals(block)).toBe(true);
}

async function fillToTheLast(root: string): Promise<void> {
  const store = await openDiskStore({ root });
  const upload = await store.uploads.begin('files/big', newArrivalId());
  await upload.write(bytesOf(500 * 1024));
  await upload.seal();
  const rest = statfsSync(root);
  writeFileSync(join(root, 'rest'), Buffer.alloc(rest.bavail * rest.bsize));
  await expectFault(upload.suspend(), 'store-full');
  expect(await store.uploads.suspended('files/big')).toBeUndefined();
  await publish(store, 'files/other', bytesOf(400 * 1024));
}
