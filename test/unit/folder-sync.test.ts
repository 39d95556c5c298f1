import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFolderSync } from '../../adapters/store/disk/folder-sync.ts';

it('never answers with a sync that began before it was asked, and shares the next one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-sync-'));
  try {
    const syncFolder = createFolderSync();
    const order: string[] = [];
    const [first, second, third] = [syncFolder(folder), syncFolder(folder), syncFolder(folder)];
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    await Promise.all([second.then(() => order.push('second')), first.then(() => order.push('first'))]);
    expect(order).toEqual(['first', 'second']);
    expect(syncFolder(folder)).not.toBe(second);
    await syncFolder(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('fails for those who asked, and works again for those who ask later', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'landfall-sync-'));
  try {
    const syncFolder = createFolderSync();
    const missing = join(parent, 'missing');
    const asked = await Promise.allSettled([syncFolder(missing), syncFolder(missing), syncFolder(parent)]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    await expect(syncFolder(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await rm(parent, { recursive: true });
  }
});
