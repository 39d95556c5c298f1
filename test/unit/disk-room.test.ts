import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { diskRoom } from '../../adapters/store/disk/room.ts';

test('the room of a disk is told in bytes', async () => {
  const room = await diskRoom(tmpdir())();
  expect(room).toBeGreaterThan(1024 ** 2);
  expect(room).toBeLessThan(2 ** 60);
});

test('a disk that is gone is a store that is down', async () => {
  await expect(diskRoom('/no/such/folder')()).rejects.toMatchObject({ code: 'store-down' });
});
