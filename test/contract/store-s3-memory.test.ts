import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import type { Upload } from '../../core/ports/store.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';

const MIB = 1024 ** 2;
/** Two buffers of 10 MiB, beside the small ones. */
const MEMORY_BYTES = 30 * MIB;
const HOLD_MS = 100;

/** Pieces of a file whose sender is slow, in MiB: some end within a part, some after it, some at its end. */
const senders: readonly (readonly number[])[] = [
  [1, 1, 1],
  [2, 2, 2, 2, 2, 2],
  [6, 6, 1],
  [10, 1],
  [1, 12],
  [3, 9, 0.5],
  [0.1, 0.1, 0.3],
];

describe.skipIf(noS3 !== undefined)(
  `slow uploads to S3${noS3 === undefined ? '' : `, skipped: ${noS3}`}`,
  () => {
    let bucket: TestBucket;
    let proxy: FaultProxy;
    let place: S3Place;
    let store: S3Store;
    beforeAll(async () => {
      bucket = await openTestBucket();
      proxy = await startFaultProxy(bucket.base.endpoint!);
    });
    afterAll(async () => {
      await proxy?.close();
      await bucket?.stop();
    });
    beforeEach(async () => {
      place = bucket.newPlace();
      store = await openS3Store({
        ...place,
        endpoint: proxy.url,
        memoryBytes: MEMORY_BYTES,
        holdMs: HOLD_MS,
      });
    });
    afterEach(() => store.close());

    interface Slow {
      readonly key: string;
      readonly pieces: Buffer[];
      readonly upload: Upload;
    }

    const begin = (): Promise<Slow[]> =>
      Promise.all(
        senders.map(async (sizes, index) => {
          const key = `files/slow/${index}`;
          const pieces = sizes.map((mib) => randomFillSync(Buffer.alloc(mib * MIB)));
          return { key, pieces, upload: await store.uploads.begin(key, newArrivalId()) };
        }),
      );

    /** All at the same time, so that whoever would keep a buffer until its next piece locked all others out. */
    const inSteps = async (
      slow: readonly Slow[],
      step: (one: Slow, index: number) => Promise<unknown>,
    ): Promise<void> => {
      for (let index = 0; index < Math.max(...slow.map(({ pieces }) => pieces.length)); index += 1) {
        await Promise.all(slow.filter(({ pieces }) => index < pieces.length).map((one) => step(one, index)));
      }
    };

    const contents = async (key: string): Promise<Buffer> =>
      Buffer.concat(await Array.fromAsync(store.objects.read(key), (chunk) => Buffer.from(chunk)));

    const leftAside = async (): Promise<number> => {
      const listed = await bucket.s3.listObjectsV2({
        Bucket: place.bucket,
        Prefix: `${place.prefix}.landfall/aside/`,
      });
      return listed.KeyCount ?? 0;
    };

    it('of more senders than there are buffers all go on, and leave nothing behind', async () => {
      const slow = await begin();
      let wasAside = 0;
      await inSteps(slow, async ({ pieces, upload }, index) => {
        await upload.write(pieces[index]!);
        wasAside = Math.max(wasAside, await leftAside());
      });
      expect(wasAside).toBeGreaterThan(0);
      await Promise.all(
        slow.map(async ({ upload }) => {
          await upload.seal();
          await upload.publish();
        }),
      );
      for (const { key, pieces } of slow) {
        expect((await contents(key)).equals(Buffer.concat(pieces)), key).toBe(true);
      }
      expect(await leftAside()).toBe(0);
      expect(store.peakBytes).toBeLessThanOrEqual(MEMORY_BYTES);
    });

    it('what is cut is kept whole and gone on with; what is given up leaves nothing behind', async () => {
      const slow = await begin();
      await Promise.all(slow.map(({ pieces, upload }) => upload.write(pieces[0]!)));
      await Promise.all(
        slow.map(({ upload }, index) => (index % 2 === 0 ? upload.suspend() : upload.abort())),
      );
      expect(await leftAside()).toBe(0);
      for (const [index, { key, pieces }] of slow.entries()) {
        const suspended = await store.uploads.suspended(key);
        expect(suspended?.size, key).toBe(index % 2 === 0 ? pieces[0]!.length : undefined);
        if (!suspended) continue;
        const upload = await store.uploads.resume(key, newArrivalId(), suspended.size);
        for (const piece of pieces.slice(1)) await upload.write(piece);
        await upload.publish();
        expect((await contents(key)).equals(Buffer.concat(pieces)), key).toBe(true);
      }
    });

    it('of more senders of small files than there are buffers none waits for another', async () => {
      const count = (2 * MEMORY_BYTES) / 4 / (256 * 1024);
      const uploads = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          store.uploads.begin(`files/small/${index}`, newArrivalId()),
        ),
      );
      await Promise.all(uploads.map((upload, index) => upload.write(Buffer.from(`first of ${index}, `))));
      await Promise.all(uploads.map((upload, index) => upload.write(Buffer.from(`second of ${index}`))));
      await Promise.all(uploads.map((upload) => upload.publish()));
      for (const index of [0, count - 1]) {
        const text = (await contents(`files/small/${index}`)).toString();
        expect(text).toBe(`first of ${index}, second of ${index}`);
      }
      expect(await leftAside()).toBe(0);
    });

    it('while the store is away nothing is put aside, and nothing is lost', async () => {
      const slow = await begin();
      const [first, second, third] = slow as [Slow, Slow, Slow];
      await first.upload.write(first.pieces[0]!);
      await second.upload.write(second.pieces[0]!);
      proxy.rules.push({
        matches: ({ url = '' }) => url.includes('/aside/'),
        act: { status: 503 },
        times: Number.POSITIVE_INFINITY,
      });
      const writing = third.upload.write(third.pieces[0]!);
      await sleep(10 * HOLD_MS);
      proxy.rules.length = 0;
      await writing;
      for (const { key, pieces, upload } of [first, second, third]) {
        for (const piece of pieces.slice(1)) await upload.write(piece);
        await upload.publish();
        expect((await contents(key)).equals(Buffer.concat(pieces)), key).toBe(true);
      }
    });
  },
);
