import { symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFolderSync } from '../../adapters/store/disk/folder-sync.ts';
import { layoutOf } from '../../adapters/store/disk/layout.ts';
import { type Disk, takeName } from '../../adapters/store/disk/tree.ts';

let root: string;
let disk: Disk;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'landfall-names-'));
  disk = { layout: layoutOf(root), syncFolder: createFolderSync() };
  await mkdir(disk.layout.objects);
  await mkdir(disk.layout.tmp);
  await symlink('../blobs/theirs', join(disk.layout.objects, 'po.x12'));
});
afterEach(async () => {
  expect(await readdir(disk.layout.tmp)).toEqual([]);
  await rm(root, { recursive: true });
});

it('takes a name away that is the one that was meant, once', async () => {
  expect(await takeName(disk, 'po.x12', () => true)).toBe(true);
  expect(await readdir(disk.layout.objects)).toEqual([]);
  expect(await takeName(disk, 'po.x12', () => true)).toBe(false);
});

it('leaves a name that another writer has put there since', async () => {
  expect(await takeName(disk, 'po.x12', () => false)).toBe(false);
  expect(await readlink(join(disk.layout.objects, 'po.x12'))).toBe('../blobs/theirs');
});

it('leaves one that is newer still', async () => {
  const name = join(disk.layout.objects, 'po.x12');
  const putNewer = (): boolean => {
    symlinkSync('../blobs/newer', name);
    return false;
  };
  expect(await takeName(disk, 'po.x12', putNewer)).toBe(false);
  expect(await readlink(name)).toBe('../blobs/newer');
});
