import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { suspendedKey } from '../../adapters/store/s3/layout.ts';
import { openS3Store, type S3Store, type S3StoreOptions } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import type { Upload } from '../../core/ports/store.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { PATIENCE } from '../support/patience.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { storedParts } from '../support/s3-parts.ts';
import { bytesOf, contents, entries, expectFault, newKey, publish, suspend, text } from './store/given.ts';
import { storeContract } from './store-contract.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
/** For those who die. It is renewed after a third of it, though a busy machine stands still for seconds. */
const LEASE_MS = 8_000;
/** For what comes when a lease has run out. */
const RUN_OUT = { timeout: LEASE_MS + PATIENCE.timeout };
describe.skipIf(noS3 !== undefined)(`S3${noS3 === undefined ? '' : `, skipped: ${noS3}`}`, () => {
  let bucket: TestBucket;
  let base: S3Place;
  let s3: S3;
  beforeAll(async () => {
    bucket = await openTestBucket();
    ({ base, s3 } = bucket);
  });
  afterAll(() => bucket?.stop());
  const newPlace = (): S3Place => bucket.newPlace();

  storeContract(
    'the store in a bucket',
    async () => {
      const place = newPlace();
      const [store, peer] = [await openS3Store(place), await openS3Store(place)];
      return {
        store,
        peer,
        async discard() {
          await Promise.all([store.close(), peer.close()]);
        },
      };
    },
    { listedTimes: 'written', silentUploads: 'kept' },
  );

  describe('what is in the bucket', () => {
    const opened: S3Store[] = [];
    const open = async (options: S3StoreOptions): Promise<S3Store> => {
      const store = await openS3Store({ partBytes: PART_BYTES, ...options });
      opened.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });
    /** The upload of a store that was closed over it, from when its claim has run out. */
    const inherit = async (store: S3Store, key: string, size: number): Promise<Upload> => {
      const found = await vi.waitUntil(() => store.uploads.suspended(key), RUN_OUT);
      expect(found.size).toBe(size);
      return store.uploads.resume(key, newArrivalId(), size);
    };

    it('is at its key for any client, with its arrival and the time that rclone writes', async () => {
      const place = newPlace();
      const store = await open(place);
      const key = newKey();
      const arrival = await publish(store, key, 'bytes', { modified: new Date('2001-02-03T04:05:06.789Z') });
      const { Metadata, Body } = await s3.getObject({ Bucket: place.bucket, Key: place.prefix + key });
      expect(await Body!.transformToString()).toBe('bytes');
      expect(Metadata).toMatchObject({ 'landfall-arrival': arrival, mtime: '981173106.789' });
    });

    it('has one request for a small file when it is known that nothing is in its way', async () => {
      const proxy = await startFaultProxy(base.endpoint!);
      const store = await open({ ...newPlace(), endpoint: proxy.url });
      const key = newKey();
      await publish(store, `${key}/1`, 'x');
      const before = proxy.requests;
      await publish(store, `${key}/2`, 'x');
      expect(proxy.requests - before).toBe(1);
      await proxy.close();
    });

    it.each([
      ['bucket', { bucket: 'landfall-nobody' }, /no such bucket/],
      ['credentials', {}, /refuses Landfall's credentials/],
    ])('refuses to start without its %s', async (what, wrong, reason) => {
      if (what === 'credentials') vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
      const thrown = await openS3Store({ ...newPlace(), ...wrong }).catch((fault) => fault);
      vi.unstubAllEnvs();
      expect(thrown.code).toBe('store-down');
      expect(thrown.cause.message).toMatch(reason);
    });

    it.runIf(isOwnServer)('refuses a bucket whose conditional create does not hold', async () => {
      const Bucket = 'landfall-versioned';
      await s3.createBucket({ Bucket });
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
      const thrown = await openS3Store({ ...newPlace(), bucket: Bucket }).catch((fault) => fault);
      expect(thrown.code).toBe('store-down');
      expect(thrown.cause.message).toMatch(/If-None-Match.*versioning/);
    });

    it('has no name that is too long with its prefix, and says so', async () => {
      const place = newPlace();
      const store = await open(place);
      const longest = 1024 - place.prefix.length;
      const key = `files/${`${'y'.repeat(200)}/`.repeat(5)}`.slice(0, longest - 1).concat('x');
      await publish(store, key, 'there');
      expect(await text(store, key)).toBe('there');
      const tooLong = `${key}x`;
      const doings = [
        publish(store, tooLong, 'x'),
        store.objects.head(tooLong),
        store.objects.remove(tooLong),
        store.folders.make(tooLong),
        store.folders.make(`${key.slice(0, -1)}y`),
      ];
      await Promise.all(doings.map((doing) => expectFault(doing, 'name-too-long')));
    });

    it('lists thousands of names over many pages', async () => {
      const place = newPlace();
      const store = await open(place);
      const names = Array.from({ length: 2_500 }, (_, index) => `f${index}`);
      const waiting = [...names];
      const put = async (): Promise<void> => {
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          await s3.putObject({ Bucket: place.bucket, Key: `${place.prefix}files/many/${name}`, Body: 'x' });
        }
      };
      await Promise.all(Array.from({ length: 16 }, put));
      const listed = await entries(store, 'files/many');
      expect(listed.map(({ name }) => name)).toEqual(names.sort());
    });

    it('takes more uploads than its memory has parts, and no more memory', async () => {
      const store = await open({ ...newPlace(), memoryBytes: 24 * MIB });
      const whole = bytesOf(7 * MIB);
      const keys = Array.from({ length: 20 }, newKey);
      await Promise.all(
        keys.map(async (key) => {
          const upload = await store.uploads.begin(key, newArrivalId());
          for (let at = 0; at < whole.length; at += MIB) await upload.write(whole.subarray(at, at + MIB));
          await upload.seal();
          await upload.publish();
        }),
      );
      expect(store.peakBytes).toBeGreaterThan(10 * MIB);
      expect(store.peakBytes).toBeLessThanOrEqual(24 * MIB);
      for (const key of keys.slice(0, 4)) expect((await contents(store, key)).equals(whole)).toBe(true);
    });

    it('makes large parts from pieces, over suspensions too', async () => {
      const place = { ...newPlace(), pieces: { directParts: 1, pieceBytes: 2 * PART_BYTES } };
      const [store, peer] = [await open(place), await open(place)];
      const whole = bytesOf(42 * MIB);
      const key = newKey();
      let upload = await store.uploads.begin(key, newArrivalId());
      for (const end of [17 * MIB, 19 * MIB, 33 * MIB, whole.length]) {
        await upload.write(whole.subarray(upload.size, end));
        await upload.suspend();
        upload = await (end === 19 * MIB ? store : peer).uploads.resume(key, newArrivalId(), end);
      }
      await upload.seal();
      expect(await upload.publish()).toMatchObject({ size: whole.length });
      expect((await contents(store, key)).equals(whole)).toBe(true);
      const left = await s3.listObjectsV2({
        Bucket: place.bucket,
        Prefix: `${place.prefix}.landfall/pieces/`,
      });
      expect(left.KeyCount).toBe(0);
    });

    it('makes a resumed upload of many parts the new arrival, and only that', async () => {
      const store = await open(newPlace());
      const [key, first, second] = [newKey(), newArrivalId(), newArrivalId()];
      const upload = await store.uploads.begin(key, first);
      await upload.write(bytesOf(11 * MIB));
      await upload.suspend();
      const resumed = await store.uploads.resume(key, second, 11 * MIB);
      await resumed.seal();
      const modified = new Date('2011-11-11');
      expect(await resumed.publish({ modified })).toEqual({ key, size: 11 * MIB, modified, arrival: second });
      expect(await store.objects.head(key, second)).toMatchObject({ arrival: second, modified });
      expect(await store.objects.head(key, first)).toBeUndefined();
      await store.objects.rename(key, `${key}-to`);
      expect(await store.objects.head(`${key}-to`)).toMatchObject({ arrival: second, modified });
      const later = new Date(Date.now() + 60_000);
      await store.uploads.sweep({ uploads: later, unnamed: later });
      expect(await store.objects.head(`${key}-to`, second)).toMatchObject({ arrival: second });
    });

    it('can go back to a border of two parts only', async () => {
      const store = await open(newPlace());
      const key = newKey();
      await suspend(store, key, bytesOf(12 * MIB));
      await expectFault(store.uploads.resume(key, newArrivalId(), 7 * MIB), 'bad-offset');
      const upload = await store.uploads.resume(key, newArrivalId(), 2 * PART_BYTES);
      await upload.write(Buffer.from('end'));
      await upload.seal();
      await upload.publish();
      const whole = Buffer.concat([bytesOf(2 * PART_BYTES), Buffer.from('end')]);
      expect((await contents(store, key)).equals(whole)).toBe(true);
    });

    it('tells nothing of a suspended upload whose parts a rule of the bucket ended', async () => {
      const place = newPlace();
      const store = await open(place);
      const key = newKey();
      await suspend(store, key, bytesOf(12 * MIB));
      const at = { Bucket: place.bucket, Key: place.prefix + key };
      const { Uploads } = await s3.listMultipartUploads({ Bucket: place.bucket, Prefix: at.Key });
      await s3.abortMultipartUpload({ ...at, UploadId: Uploads![0]!.UploadId });
      expect(await store.uploads.suspended(key)).toBeUndefined();
      await suspend(store, key, bytesOf(11 * MIB));
      const upload = await store.uploads.resume(key, newArrivalId(), 11 * MIB);
      await upload.seal();
      await upload.publish();
      expect((await contents(store, key)).equals(bytesOf(11 * MIB))).toBe(true);
    });

    it('is reached with a clock that is wrong by an hour, which the store tells', async () => {
      const late = Date.now;
      vi.spyOn(Date, 'now').mockImplementation(() => late() - 3_600_000);
      try {
        const store = await open(newPlace());
        const [key, copy] = [newKey(), newKey()];
        await publish(store, key, bytesOf(12 * MIB));
        await store.objects.copy(key, copy);
        expect((await contents(store, copy)).equals(bytesOf(12 * MIB))).toBe(true);
      } finally {
        vi.restoreAllMocks();
      }
    });

    it('sweeps what was forsaken, whatever its name', async () => {
      const place = { ...newPlace(), leaseMs: LEASE_MS };
      const [store, peer] = [await open(place), await open(place)];
      for (const name of ['plain', 'a space', 'a+b', '100%', '%2B', 'é', '<&>', 'control\x01']) {
        const upload = await store.uploads.begin(`files/odd/${name}`, newArrivalId());
        await upload.write(bytesOf(PART_BYTES + 1));
      }
      const left = async () => {
        const { Uploads = [] } = await s3.listMultipartUploads({
          Bucket: place.bucket,
          Prefix: place.prefix,
        });
        return Uploads.length;
      };
      await vi.waitUntil(async () => (await left()) === 8, PATIENCE);
      await store.close();
      await sleep(2 * LEASE_MS);
      const later = new Date(Date.now() + 60_000);
      expect(await peer.uploads.sweep({ uploads: later, unnamed: later })).toEqual({
        uploads: 8,
        unnamed: 0,
      });
      expect(await left()).toBe(0);
    });

    it.each<[string, (store: S3Store, key: string) => Promise<void>]>([
      ['removed', (store, key) => store.objects.remove(key)],
      ['renamed', (store, key) => store.objects.rename(key, `${key}-to`)],
    ])('goes on with nothing that was published, when what it became is %s', async (_name, act) => {
      const place = newPlace();
      const store = await open(place);
      const key = newKey();
      await suspend(store, key, 'half');
      const record = { Bucket: place.bucket, Key: place.prefix + suspendedKey(key) };
      const { Body } = await s3.getObject(record);
      const left = await Body!.transformToByteArray();
      const upload = await store.uploads.resume(key, newArrivalId(), 4);
      await upload.seal();
      await upload.publish();
      // As a listener leaves it that is killed between the two.
      await s3.putObject({ ...record, Body: left });
      await act(store, key);
      expect(await store.uploads.suspended(key)).toBeUndefined();
    });

    it('keeps nothing that starts tried, not even one that was refused', async () => {
      const place = newPlace();
      const Prefix = `${place.prefix}.landfall/probe/`;
      const probes = async () =>
        (await s3.listObjectsV2({ Bucket: place.bucket, Prefix })).Contents?.map(({ Key }) => Key);
      const store = await open(place);
      expect(await probes()).toBeUndefined();
      await s3.putObject({ Bucket: place.bucket, Key: `${Prefix}refused`, Body: '1' });
      await store.uploads.sweep({ uploads: new Date(0), unnamed: new Date(0) });
      expect(await probes()).toEqual([`${Prefix}refused`]);
      const later = new Date(Date.now() + 60_000);
      await store.uploads.sweep({ uploads: later, unnamed: later });
      expect(await probes()).toBeUndefined();
    });

    it('goes on with what was cut when the file that it would have replaced is removed', async () => {
      const store = await open(newPlace());
      const key = newKey();
      await publish(store, key, 'older');
      await suspend(store, key, 'half');
      await store.objects.remove(key);
      expect(await store.uploads.suspended(key)).toMatchObject({ size: 4 });
    });

    it('gives the suspended upload of a listener that died to another one', async () => {
      const place = { ...newPlace(), leaseMs: LEASE_MS };
      const [store, peer] = [await open(place), await open(place)];
      const key = newKey();
      await suspend(store, key, 'half');
      await store.uploads.resume(key, newArrivalId(), 4);
      await expectFault(peer.uploads.resume(key, newArrivalId(), 4), 'busy');
      await store.close();
      const upload = await inherit(peer, key, 4);
      await upload.seal();
      await upload.publish();
      expect(await text(peer, key)).toBe('half');
    });

    it('gives the parts of an upload whose listener died to another one, over two deaths', async () => {
      const place = { ...newPlace(), leaseMs: LEASE_MS };
      const [store, peer, last] = [await open(place), await open(place), await open(place)];
      const [key, whole] = [newKey(), bytesOf(37 * MIB)];
      const dieAfter = async (one: S3Store, parts: number): Promise<void> => {
        await vi.waitUntil(async () => (await storedParts(s3, place, key)) === parts, PATIENCE);
        await one.close();
      };
      const first = await store.uploads.begin(key, newArrivalId());
      await first.write(whole.subarray(0, 12 * MIB));
      await dieAfter(store, 2);
      const second = await inherit(peer, key, 2 * PART_BYTES);
      await second.write(whole.subarray(2 * PART_BYTES, 24 * MIB));
      await dieAfter(peer, 4);
      const third = await inherit(last, key, 4 * PART_BYTES);
      await third.write(whole.subarray(4 * PART_BYTES));
      await third.seal();
      await third.publish();
      expect((await contents(last, key)).equals(whole)).toBe(true);
      expect(await last.uploads.suspended(key)).toBeUndefined();
    });

    it('gives the piece that a dead listener was collecting to another one', async () => {
      const place = { ...newPlace(), leaseMs: LEASE_MS, pieces: { directParts: 1, pieceBytes: 40 * MIB } };
      const [store, peer] = [await open(place), await open(place)];
      const [key, whole] = [newKey(), bytesOf(37 * MIB)];
      const first = await store.uploads.begin(key, newArrivalId());
      await first.write(whole.subarray(0, 22 * MIB));
      await vi.waitUntil(async () => (await storedParts(s3, place, '.landfall/pieces/')) === 3, PATIENCE);
      await store.close();
      const upload = await inherit(peer, key, 4 * PART_BYTES);
      await upload.write(whole.subarray(4 * PART_BYTES));
      await upload.seal();
      await upload.publish();
      expect((await contents(peer, key)).equals(whole)).toBe(true);
    });

    it('counts no part of what was cut off when the listener dies after it', async () => {
      const place = { ...newPlace(), leaseMs: LEASE_MS };
      const [store, peer] = [await open(place), await open(place)];
      const [key, older, newer] = [newKey(), bytesOf(21 * MIB, 'older'), bytesOf(21 * MIB, 'newer')];
      await suspend(store, key, older);
      const cut = await store.uploads.resume(key, newArrivalId(), PART_BYTES);
      await cut.write(newer.subarray(PART_BYTES, 2 * PART_BYTES + 1));
      await store.close();
      const upload = await inherit(peer, key, PART_BYTES);
      await upload.write(newer.subarray(PART_BYTES));
      await upload.seal();
      await upload.publish();
      const expected = Buffer.concat([older.subarray(0, PART_BYTES), newer.subarray(PART_BYTES)]);
      expect((await contents(peer, key)).equals(expected)).toBe(true);
    });

    it('sends nothing twice for a cut after the first full parts, sealed or not', async () => {
      const proxy = await startFaultProxy(base.endpoint!);
      const place = { ...newPlace(), endpoint: proxy.url, partBytes: 2 * PART_BYTES };
      const [store, peer] = [await open(place), await open(place)];
      const [key, whole] = [newKey(), bytesOf(70 * MIB)];
      const before = proxy.bytesIn;
      let upload = await store.uploads.begin(key, newArrivalId());
      for (const [end, isSealed] of [[10 * MIB + 1], [33 * MIB], [46 * MIB, true], [58 * MIB - 1]] as const) {
        await upload.write(whole.subarray(upload.size, end));
        if (isSealed) await upload.seal();
        await upload.suspend();
        upload = await (end % 2 === 0 ? store : peer).uploads.resume(key, newArrivalId(), end);
      }
      await upload.write(whole.subarray(upload.size));
      await upload.seal();
      await upload.publish();
      expect(proxy.bytesIn - before - whole.length).toBeLessThan(20_000);
      expect((await contents(peer, key)).equals(whole)).toBe(true);
      await proxy.close();
    });
  });
});
