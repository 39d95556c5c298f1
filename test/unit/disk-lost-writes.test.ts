import { Buffer } from 'node:buffer';
import { fstatSync, type NoParamCallback } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import { newArrivalId } from '../../core/arrival.ts';

/** Syncs of files, not of folders, that fail from here on, one each: the kernel tells of lost bytes once. */
let failing = 0;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fsync = (file: number, done: NoParamCallback): void => {
    const fails = failing > 0 && fstatSync(file).isFile();
    if (!fails) fs.fsync(file, done);
    else done(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' }));
    failing -= fails ? 1 : 0;
  };
  return { ...fs, fsync };
});

it('keeps nothing of an upload whose bytes the disk lost, though the next sync succeeds', async () => {
  const root = await mkdtemp(join(tmpdir(), 'landfall-lost-'));
  try {
    const { uploads } = await openDiskStore({ root });
    const upload = await uploads.begin('files/acme/po.x12', newArrivalId());
    await upload.write(Buffer.from('lost'));
    failing = 1;
    await expect(upload.seal()).rejects.toMatchObject({ code: 'store-down' });
    await expect(upload.suspend()).rejects.toMatchObject({ code: 'store-down' });
    expect(await uploads.suspended('files/acme/po.x12')).toBeUndefined();
    expect(await readdir(join(root, 'uploads'))).toEqual([]);
  } finally {
    await rm(root, { recursive: true });
  }
});
