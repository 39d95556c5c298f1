import type { S3 } from '@aws-sdk/client-s3';
import { beforeEach, expect, it } from 'vitest';
import type { Bucket } from '../../adapters/store/s3/bucket.ts';
import { createObstacles } from '../../adapters/store/s3/obstacles.ts';
import { Fault } from '../../core/fault.ts';

/** How often the bucket is asked for what is below, and what it has. */
let looks: number;
let there: Set<string>;
let fromTheBeginning: boolean;
beforeEach(() => {
  looks = 0;
  there = new Set();
  fromTheBeginning = false;
});

const s3 = {
  async listObjectsV2({ Prefix, StartAfter = '' }: { Prefix: string; StartAfter?: string }) {
    looks += 1;
    return {
      Contents: [...there]
        .filter((key) => key.startsWith(Prefix) && (fromTheBeginning || key > StartAfter))
        .map((Key) => ({ Key })),
    };
  },
  async headObject() {
    throw new Fault('not-found');
  },
} as unknown as S3;

const bucket: Bucket = {
  name: 'any',
  checksums: false,
  full: (key) => key,
  ask: (request) => request(s3, { abortSignal: AbortSignal.any([]) }),
  close: () => undefined,
};

it('looks once for what is in the way of an upload', async () => {
  const obstacles = createObstacles(bucket);
  expect(await obstacles.lookBelow('in/a')).toBeUndefined();
  await obstacles.requireFree('in/a');
  expect(looks).toBe(1);
});

it('looks again when something may be below it by now', async () => {
  const obstacles = createObstacles(bucket);
  await obstacles.lookBelow('in/a');
  there.add('in/a/b/file');
  obstacles.placed('in/a/b/file');
  await expect(obstacles.requireFree('in/a')).rejects.toMatchObject({ code: 'is-a-folder' });
});

it('looks once for names up to the next one that there is', async () => {
  const obstacles = createObstacles(bucket);
  there.add('in/m/');
  for (const name of ['in/a', 'in/b', 'in/c']) await obstacles.requireFree(name);
  expect(looks).toBe(1);
  await expect(obstacles.requireFree('in/m')).rejects.toMatchObject({ code: 'is-a-folder' });
});

it('finds a folder in a store that lists from the beginning', async () => {
  const obstacles = createObstacles(bucket);
  there = new Set(['in/a', 'in/m/']);
  fromTheBeginning = true;
  await obstacles.requireFree('in/b');
  await expect(obstacles.requireFree('in/m')).rejects.toMatchObject({ code: 'is-a-folder' });
});

it('finds a folder each time', async () => {
  const obstacles = createObstacles(bucket);
  there.add('in/a/');
  expect(await obstacles.lookBelow('in/a')).toBeDefined();
  await expect(obstacles.requireFree('in/a')).rejects.toMatchObject({ code: 'is-a-folder' });
});

it('asks once for a folder into which many files are uploaded', async () => {
  const obstacles = createObstacles(bucket);
  there.add('in/');
  for (let file = 0; file < 3; file += 1)
    expect(await obstacles.lookBelow('in', { lately: true })).toBeDefined();
  expect(looks).toBe(1);
  await obstacles.lookBelow('in');
  expect(looks).toBe(2);
});

it('asks again for a folder when any was removed', async () => {
  const obstacles = createObstacles(bucket);
  there.add('in/');
  await obstacles.lookBelow('in', { lately: true });
  there.clear();
  obstacles.folderWent();
  expect(await obstacles.lookBelow('in', { lately: true })).toBeUndefined();
});
