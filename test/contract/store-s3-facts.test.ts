import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBucket } from '../../adapters/store/s3/bucket.ts';
import { copyObject } from '../../adapters/store/s3/copy-object.ts';
import { headNamed } from '../../adapters/store/s3/locate.ts';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, newKey, publish, suspend } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
const DIGESTS = { crc32: 'cbf43926', sha256: 'ab'.repeat(32) };
const THEN = new Date('2001-02-03T04:05:06.789Z');
const missing = noS3 === undefined ? '' : `, skipped: ${noS3}`;

describe.skipIf(noS3 !== undefined)(`what S3 keeps beside the bytes${missing}`, () => {
  let bucket: TestBucket;
  let proxy: FaultProxy;
  let place: S3Place;
  let store: S3Store;
  beforeAll(async () => {
    bucket = await openTestBucket();
    proxy = await startFaultProxy(bucket.base.endpoint!);
    place = { ...bucket.newPlace(), endpoint: proxy.url };
    store = await openS3Store({ ...place, partBytes: PART_BYTES });
  });
  afterAll(async () => {
    await store?.close();
    await proxy?.close();
    await bucket?.stop();
  });

  const copiesDuring = async (act: () => Promise<unknown>): Promise<number> => {
    const { length } = proxy.seen;
    await act();
    return proxy.seen.slice(length).filter(({ headers }) => headers['x-amz-copy-source']).length;
  };

  it.each([5, 11 * MIB])(
    'keeps the digests of %i bytes over touch, copy, rename and replacement',
    async (size) => {
      const key = newKey();
      const arrival = await publish(store, key, bytesOf(size), { digests: DIGESTS });
      const facts = { size, arrival, digests: DIGESTS };
      expect(await store.objects.head(key)).toMatchObject(facts);
      await store.objects.touch(key, THEN);
      await store.objects.copy(key, `${key}-copy`);
      await store.objects.rename(key, `${key}-to`);
      await publish(store, `${key}-to`, 'new', { replace: true });
      expect(await store.objects.head(`${key}-copy`)).toEqual({
        key: `${key}-copy`,
        ...facts,
        modified: THEN,
      });
      expect(await store.objects.head(`${key}-to`, arrival)).toMatchObject({ ...facts, modified: THEN });
      expect(await store.objects.head(key, arrival)).toMatchObject({ ...facts, modified: THEN });
      expect((await store.objects.head(`${key}-to`))?.digests).toBeUndefined();
    },
  );

  it('answers the digests with the publication, and none for a resumed upload that has none', async () => {
    const [small, large] = [newKey(), newKey()];
    const upload = await store.uploads.begin(small, newArrivalId());
    await upload.write(Buffer.from('x'));
    await upload.seal();
    expect(await upload.publish({ digests: DIGESTS })).toMatchObject({ digests: DIGESTS });
    await suspend(store, large, bytesOf(11 * MIB));
    const resumed = await store.uploads.resume(large, newArrivalId(), 11 * MIB);
    await resumed.seal();
    expect((await resumed.publish({ digests: {} })).digests).toBeUndefined();
  });

  it('copies no byte to touch what was sent in parts', async () => {
    const [small, large] = [newKey(), newKey()];
    await publish(store, small, 'small');
    await publish(store, large, bytesOf(11 * MIB));
    expect(await copiesDuring(() => store.objects.touch(small, THEN))).toBe(1);
    expect(await copiesDuring(() => store.objects.touch(large, THEN))).toBe(0);
  });

  it('copies what is too large for one request in parts at the same time, facts and all', async () => {
    const direct = createBucket({ ...place, deadlineMs: 60_000, idleMs: 15_000 });
    const [key, whole] = [newKey(), bytesOf(42 * MIB)];
    const arrival = await publish(store, key, whole, { digests: DIGESTS });
    const source = (await headNamed(direct, key))!;
    const limits = { whole: 20 * MIB, part: 6 * MIB };
    const [COPIES, SLOW_MS] = [7, 3_000];
    proxy.rules.push({
      act: { slowMs: SLOW_MS },
      times: COPIES,
      matches: ({ headers }) => headers['x-amz-copy-source'] !== undefined,
    });
    const started = performance.now();
    expect(await copiesDuring(() => copyObject(direct, source, `${key}-copy`, { limits }))).toBe(COPIES);
    const tookMs = performance.now() - started;
    proxy.rules.length = 0;
    direct.close();
    // One after the other they would wait so many times.
    expect(tookMs).toBeLessThan(COPIES * SLOW_MS);
    expect((await contents(store, `${key}-copy`)).equals(whole)).toBe(true);
    const { modified } = source;
    expect(await store.objects.head(`${key}-copy`)).toMatchObject({ arrival, digests: DIGESTS, modified });
    expect(await copiesDuring(() => store.objects.touch(`${key}-copy`, THEN))).toBe(0);
    expect(await store.objects.head(`${key}-copy`)).toMatchObject({
      arrival,
      digests: DIGESTS,
      modified: THEN,
    });
  });
});
