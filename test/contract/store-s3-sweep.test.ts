import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimKey } from '../../adapters/store/s3/layout.ts';
import { openS3Store, type S3Store, type S3StoreOptions } from '../../adapters/store/s3/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import type { Upload } from '../../core/ports/store.ts';
import { PATIENCE } from '../support/patience.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, newKey, publish, suspend } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
const LEASE_MS = 8_000;
/** Twenty small buffers, and three for parts. */
const LITTLE_MEMORY = { memoryBytes: 20 * MIB, holdMs: 0 };
/** For parts that are pieces from the second one on. */
const PIECES = { pieces: { directParts: 1, pieceBytes: 40 * MIB } };
const LIMITS = { interval: 200, timeout: LEASE_MS + PATIENCE.timeout };
/** For a test that waits for leases on a busy machine. */
const PATIENCE_MS = 300_000;

const never = new Date(0);
const whole = bytesOf(30 * MIB);
const missing = noS3 === undefined ? '' : `, skipped: ${noS3}`;

/** A place in the bucket, and what is there. */
interface Place {
  open(more?: Partial<S3StoreOptions>): Promise<S3Store>;
  /** Keys of open multipart uploads, and of objects that are no files. */
  left(): Promise<string[]>;
  untilLeft(name: string): Promise<unknown>;
}

interface Live {
  readonly upload: Upload;
  readonly key: string;
}

/** A way to an upload that is under way, with bytes in the store. */
interface Way {
  readonly options?: Partial<S3StoreOptions>;
  begin(store: S3Store, place: Place): Promise<Live>;
}

const begin = async (store: S3Store, size: number, key = newKey()): Promise<Live> => {
  const upload = await store.uploads.begin(key, newArrivalId());
  await upload.write(whole.subarray(0, size));
  return { upload, key };
};

/** Goes on with the key's upload or object. */
const resume = async (store: S3Store, key: string, at: number, size: number): Promise<Live> => {
  const upload = await store.uploads.resume(key, newArrivalId(), at);
  await upload.write(whole.subarray(at, size));
  return { upload, key };
};

/** Suspends it after the first bytes. */
const suspendAndResume = async (store: S3Store, first: number, size = first): Promise<Live> => {
  const key = newKey();
  await suspend(store, key, whole.subarray(0, first));
  return resume(store, key, first, size);
};

/** Has others need the memory of an upload. */
const crowd = async (store: S3Store, place: Place): Promise<void> => {
  const others = await Promise.all(Array.from({ length: 5 }, () => begin(store, MIB)));
  for (const { upload } of others) await upload.abort();
  await place.untilLeft('aside/');
};

/** Begun so, and then in need of the memory that others need. */
const putAside = (beginOne: Way['begin']): Way => ({
  options: LITTLE_MEMORY,
  async begin(store, place) {
    const live = await beginOne(store, place);
    await crowd(store, place);
    return live;
  },
});

const ways: Record<string, Way> = {
  'in parts': { begin: (store) => begin(store, 12 * MIB) },
  'in a piece': {
    options: PIECES,
    async begin(store, place) {
      const live = await begin(store, 17 * MIB);
      await place.untilLeft('pieces/');
      return live;
    },
  },
  'beside another one that had claimed its key': {
    async begin(store, { left, untilLeft }) {
      const other = await begin(store, 12 * MIB);
      await untilLeft(claimKey(other.key));
      const live = await begin(store, 12 * MIB, other.key);
      const claims = async () => (await left()).filter((name) => name.includes('claims/'));
      await vi.waitUntil(async () => (await claims()).length === 2, LIMITS);
      await other.upload.abort();
      return live;
    },
  },
  'resumed without parts, which it has now': { begin: (store) => suspendAndResume(store, MIB, 12 * MIB) },
  'resumed from its parts': { begin: (store) => suspendAndResume(store, 12 * MIB) },
  'resumed from its first byte': {
    async begin(store) {
      const key = newKey();
      await suspend(store, key, Buffer.alloc(12 * MIB));
      return resume(store, key, 0, 12 * MIB);
    },
  },
  'resumed from a finished object': {
    async begin(store) {
      const key = newKey();
      await publish(store, key, whole.subarray(0, 6 * MIB));
      return resume(store, key, 6 * MIB, 6 * MIB);
    },
  },
  'put aside': putAside((store) => begin(store, 2 * MIB)),
  'resumed and put aside': putAside((store) => suspendAndResume(store, 7 * MIB)),
};

describe.skipIf(noS3 !== undefined)(`a sweep of S3${missing}`, () => {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await openTestBucket();
  });
  const opened: S3Store[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => bucket?.stop());

  const newPlace = (): Place => {
    const options = { ...bucket.newPlace(), partBytes: PART_BYTES, leaseMs: LEASE_MS };
    const at = { Bucket: options.bucket, Prefix: options.prefix };
    const left = async (): Promise<string[]> => {
      const { Uploads = [] } = await bucket.s3.listMultipartUploads(at);
      const { Contents = [] } = await bucket.s3.listObjectsV2({ ...at, Prefix: `${at.Prefix}.landfall/` });
      return [...Uploads, ...Contents].map(({ Key }) => Key!.slice(at.Prefix.length));
    };
    return {
      async open(more) {
        const store = await openS3Store({ ...options, ...more });
        opened.push(store);
        return store;
      },
      left,
      untilLeft: (name) => vi.waitUntil(async () => (await left()).join().includes(name), LIMITS),
    };
  };

  /** How many uploads go of which nothing was stored since then. */
  const sweep = async (store: S3Store, since = new Date(Date.now() + 60_000)): Promise<number> =>
    (await store.uploads.sweep({ uploads: since, unnamed: never })).uploads;
  const inAllWays = async (act: (way: Way, name: string) => Promise<void>): Promise<void> => {
    await Promise.all(Object.entries(ways).map(([name, way]) => act(way, name)));
  };

  it(
    'leaves alone what is under way, however slow',
    () =>
      inAllWays(async (way, name) => {
        const place = newPlace();
        const [store, peer] = [await place.open(way.options), await place.open()];
        const { upload, key } = await way.begin(store, place);
        // Longer than a claim is somebody's who does not renew it.
        await sleep(2 * LEASE_MS);
        for (let time = 0; time < 2; time += 1) expect(await sweep(peer), name).toBe(0);
        const end = upload.size + 6 * MIB;
        await upload.write(whole.subarray(upload.size, end));
        await upload.seal();
        await upload.publish({ replace: true });
        expect((await contents(peer, key)).equals(whole.subarray(0, end)), name).toBe(true);
        const owned = (await place.left()).filter((at) => /aside|pieces|suspended/.test(at));
        expect(owned, name).toEqual([]);
      }),
    PATIENCE_MS,
  );

  it(
    'ends what was forsaken',
    () =>
      inAllWays(async (way, name) => {
        const place = newPlace();
        const [store, peer] = [await place.open(way.options), await place.open()];
        const { key } = await way.begin(store, place);
        await store.close();
        await sleep(2 * LEASE_MS);
        await sweep(peer);
        expect(
          (await place.left()).filter((at) => !at.includes('claims/')),
          name,
        ).toEqual([]);
        expect(await peer.uploads.suspended(key), name).toBeUndefined();
      }),
    PATIENCE_MS,
  );

  it.each<[string, Way]>([
    ['a resumed one whose record is older', ways['resumed from its parts']!],
    ['one whose last bytes are in a piece', ways['in a piece']!],
  ])(
    'counts the age of what a dead listener had from its last bytes: %s',
    async (_name, way) => {
      const place = newPlace();
      const [store, peer] = [await place.open(way.options), await place.open(way.options)];
      const { upload, key } = await way.begin(store, place);
      // Times of the store are in seconds.
      await sleep(2_100);
      const between = new Date();
      await upload.write(whole.subarray(upload.size));
      await sleep(2_100);
      await store.close();
      const { size } = (await vi.waitUntil(() => peer.uploads.suspended(key), LIMITS))!;
      expect(size).toBeGreaterThan(20 * MIB);
      expect(await sweep(peer, between)).toBe(0);
      const resumed = await peer.uploads.resume(key, newArrivalId(), size);
      await resumed.write(whole.subarray(size));
      await resumed.seal();
      await resumed.publish();
      expect((await contents(peer, key)).equals(whole)).toBe(true);
    },
    PATIENCE_MS,
  );
});
