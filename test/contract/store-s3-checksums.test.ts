import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Upload } from '../../core/ports/store.ts';
import { type ChecksumStore, type Damage, startChecksumStore } from '../support/checksum-store.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { quietLog } from '../support/quiet-log.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, expectFault, newKey, publish, suspend } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
const skipped = noS3 ?? (isOwnServer ? undefined : 'the server is behind a proxy that adds checksums');
const whole = bytesOf(17 * MIB);

describe.skipIf(skipped !== undefined)(
  `bytes damaged on the way to S3${skipped ? `, skipped: ${skipped}` : ''}`,
  () => {
    let bucket: TestBucket;
    beforeAll(async () => {
      bucket = await openTestBucket();
      // Its first requests take a server longer than the deadline below.
      await (await openS3Store(bucket.newPlace())).close();
    });
    afterAll(() => bucket?.stop());

    const open = (endpoint: string, log: Log = quietLog): Promise<S3Store> =>
      openS3Store({ ...bucket.newPlace(), endpoint, partBytes: PART_BYTES, log });
    /** For what is damaged for ever. */
    const openImpatient = (endpoint: string): Promise<S3Store> =>
      openS3Store({ ...bucket.newPlace(), endpoint, partBytes: PART_BYTES, deadlineMs: 8_000 });
    const complete = async (upload: Upload, bytes: Uint8Array): Promise<void> => {
      await upload.write(bytes);
      await upload.seal();
      await upload.publish();
    };
    const isPart = ({ method, url }: IncomingMessage): boolean =>
      method === 'PUT' && /partNumber=2/.test(url!);
    const isSmall = ({ method, url }: IncomingMessage): boolean =>
      method === 'PUT' && /x12$|x12\?x-id/.test(url!);
    const isComplete = ({ method, url }: IncomingMessage): boolean =>
      method === 'POST' && /uploadId/.test(url!);

    describe('of a store that checks', () => {
      let checking: ChecksumStore;
      let store: S3Store;
      let impatient: S3Store;
      let said: object[];
      beforeAll(async () => {
        checking = await startChecksumStore(bucket.base.endpoint!);
        said = [];
        store = await open(checking.url, { ...quietLog, info: (fields) => void said.push(fields) });
        impatient = await openImpatient(checking.url);
      });
      afterEach(() => {
        checking.damages.length = 0;
      });
      afterAll(async () => {
        await store?.close();
        await impatient?.close();
        await checking?.close();
      });
      const damage = (what: Damage['what'], matches: Damage['matches'], times: number): void => {
        checking.damages.push({ what, matches, times });
      };

      it('is found out at start', () => {
        expect(said).toMatchObject([{ checksums: true }]);
      });

      it('gets the sum of the whole, over suspensions too', async () => {
        const key = newKey();
        const before = checking.wholes;
        await suspend(store, key, whole.subarray(0, 11 * MIB));
        const upload = await store.uploads.resume(key, newArrivalId(), 11 * MIB);
        await upload.write(whole.subarray(11 * MIB));
        await upload.seal();
        await upload.publish();
        expect((await contents(store, key)).equals(whole)).toBe(true);
        expect(checking.wholes - before).toBe(1);
      });

      it.each<[string, Damage['what'], Damage['matches']]>([
        ['a part on the way', 'on the way', isPart],
        ['a small file on the way', 'on the way', isSmall],
        ['a part in the store', 'in the store', isPart],
        ['the order of the parts', 'parts swapped', isComplete],
      ])('sends %s again', async (_name, what, matches) => {
        const key = newKey();
        damage(what, matches, 2);
        const expected = matches === isSmall ? whole.subarray(0, 1000) : whole;
        await publish(store, key, expected);
        expect(checking.damages[0]!.times).toBe(0);
        expect((await contents(store, key)).equals(expected)).toBe(true);
      });

      it.each<[string, Damage['what'], Damage['matches']]>([
        ['a part on the way', 'on the way', isPart],
        ['a small file on the way', 'on the way', isSmall],
        ['a part in the store', 'in the store', isPart],
        ['the order of the parts', 'parts swapped', isComplete],
      ])('never says done while it damages %s', async (_name, what, matches) => {
        const key = newKey();
        damage(what, matches, 1_000);
        const upload = await impatient.uploads.begin(key, newArrivalId());
        const bytes = matches === isSmall ? whole.subarray(0, 1000) : whole;
        await expectFault(complete(upload, bytes), 'store-down');
        expect(await impatient.objects.head(key)).toBeUndefined();
        checking.damages.length = 0;
        await upload.abort();
      });

      it('gets a sum with all that it is sent, which it demands where objects are locked', async () => {
        const locked = await startChecksumStore(bucket.base.endpoint!, { demanded: true });
        const store = await open(locked.url);
        const [small, large] = [newKey(), newKey()];
        for (const [key, bytes] of [
          [small, whole.subarray(0, 1000)],
          [large, whole],
        ] as const) {
          await suspend(store, key, bytes.subarray(0, bytes.length - 1));
          const upload = await store.uploads.resume(key, newArrivalId(), bytes.length - 1);
          await upload.write(bytes.subarray(bytes.length - 1));
          await upload.publish({ modified: new Date(0) });
          await store.objects.rename(key, `${key}-to/file`);
          await store.folders.rename(`${key}-to`, `${key}-moved`);
          expect((await contents(store, `${key}-moved/file`)).equals(bytes)).toBe(true);
        }
        await store.close();
        await locked.close();
      });

      it.each<[string, Damage['matches'], number]>([
        ['a small file', isSmall, 1000],
        ['a whole of parts', isComplete, whole.length],
      ])('does not say done when %s became another one', async (_name, matches, size) => {
        damage('in the store', matches, 1);
        await expectFault(publish(store, newKey(), whole.subarray(0, size)), 'store-down');
      });
    });

    it('are none of a store that refuses checksums, which is found out at once', async () => {
      const proxy = await startFaultProxy(bucket.base.endpoint!);
      const body = '<?xml version="1.0"?><Error><Code>NotImplemented</Code></Error>';
      const matches = ({ headers }: IncomingMessage): boolean =>
        'x-amz-checksum-crc32' in headers || 'x-amz-checksum-algorithm' in headers;
      proxy.rules.push({ act: { status: 501, body }, times: 1_000, matches });
      const said: object[] = [];
      const store = await open(proxy.url, { ...quietLog, info: (fields) => void said.push(fields) });
      expect(said).toMatchObject([{ checksums: false }]);
      expect(proxy.seen.length).toBeLessThan(20);
      const key = newKey();
      await publish(store, key, whole);
      expect((await contents(store, key)).equals(whole)).toBe(true);
      await store.close();
      await proxy.close();
    });

    describe('of a store without checksums', () => {
      let proxy: FaultProxy;
      let store: S3Store;
      let impatient: S3Store;
      beforeAll(async () => {
        proxy = await startFaultProxy(bucket.base.endpoint!);
        store = await open(proxy.url);
        impatient = await openImpatient(proxy.url);
      });
      afterAll(async () => {
        await store?.close();
        await impatient?.close();
        await proxy?.close();
      });

      it.each<[string, (request: IncomingMessage) => boolean, number]>([
        ['a part', isPart, whole.length],
        ['a small file', isSmall, 1000],
      ])('are seen by the digest in the signature: %s', async (_name, matches, size) => {
        const [once, always] = [newKey(), newKey()];
        proxy.rules.push({ act: { turnBitAt: 500 }, times: 2, matches });
        await publish(store, once, whole.subarray(0, size));
        expect((await contents(store, once)).equals(whole.subarray(0, size))).toBe(true);
        proxy.rules.push({ act: { turnBitAt: 500 }, times: 1_000, matches });
        const upload = await impatient.uploads.begin(always, newArrivalId());
        await expectFault(complete(upload, whole.subarray(0, size)), 'store-down');
        proxy.rules.length = 0;
        expect(await impatient.objects.head(always)).toBeUndefined();
        await upload.abort();
      });
    });
  },
);
