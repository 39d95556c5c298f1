import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { type FaultAct, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, publish, suspend, text } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
const THEN = new Date('2001-02-03T04:05:06.789Z');
const PATIENCE_MS = 900_000;
const skipped = noS3 ?? (isOwnServer ? undefined : 'the network to the own server is cut');
/** A part, and an end. */
const whole = bytesOf(6 * MIB);
/** Within the end. */
const CUT = 5.5 * MIB;

/** What is done to the store through the network, after what was there before it; answers what must be there then. */
interface Deed {
  prepare?(store: S3Store, key: string): Promise<unknown>;
  act(store: S3Store, key: string): Promise<unknown>;
  check(store: S3Store, key: string, answer: unknown): Promise<void>;
}

const whatIs = async (store: S3Store, key: string, bytes: Uint8Array): Promise<void> =>
  expect((await contents(store, key)).equals(bytes)).toBe(true);
const small = Buffer.from('small');

const smallDeeds: Record<string, Deed> = {
  'a small file is published': {
    act: (store, key) => publish(store, key, small),
    check: (store, key) => whatIs(store, key, small),
  },
  'a small file replaces another one': {
    prepare: (store, key) => publish(store, key, 'older'),
    act: (store, key) => publish(store, key, small, { replace: true }),
    check: (store, key) => whatIs(store, key, small),
  },
  'a small object is put': {
    act: (store, key) => store.objects.put(key, small, { ifAbsent: true }),
    check: (store, key) => whatIs(store, key, small),
  },
  'a file is copied': {
    prepare: (store, key) => publish(store, key, small),
    act: (store, key) => store.objects.copy(key, `${key}-to`),
    check: (store, key) => whatIs(store, `${key}-to`, small),
  },
  'a file is renamed': {
    prepare: (store, key) => publish(store, key, small),
    act: (store, key) => store.objects.rename(key, `${key}-to`),
    async check(store, key) {
      await whatIs(store, `${key}-to`, small);
      expect(await store.objects.head(key)).toBeUndefined();
    },
  },
  'a file is removed': {
    prepare: (store, key) => publish(store, key, small, { arrival: arrivalOf(key) }),
    act: (store, key) => store.objects.remove(key),
    async check(store, key) {
      expect(await store.objects.head(key)).toBeUndefined();
      expect(await text(store, key, arrivalOf(key))).toBe('small');
    },
  },
  'a file is touched': {
    prepare: (store, key) => publish(store, key, small),
    act: (store, key) => store.objects.touch(key, THEN),
    async check(store, key) {
      expect((await store.objects.head(key))?.modified).toEqual(THEN);
    },
  },
  'a file is read': {
    prepare: (store, key) => publish(store, key, whole),
    act: (store, key) => contents(store, key),
    async check(_store, _key, answer) {
      expect((answer as Buffer).equals(whole)).toBe(true);
    },
  },
  'a folder is made': {
    act: (store, key) => store.folders.make(key),
    async check(store, key) {
      expect(await store.folders.head(key)).toBeDefined();
    },
  },
  'a folder is removed': {
    prepare: (store, key) => store.folders.make(key),
    act: (store, key) => store.folders.remove(key),
    async check(store, key) {
      expect(await store.folders.head(key)).toBeUndefined();
    },
  },
  'a folder is renamed': {
    prepare: (store, key) => publish(store, `${key}/file`, small),
    act: (store, key) => store.folders.rename(key, `${key}-to`),
    async check(store, key) {
      await whatIs(store, `${key}-to/file`, small);
      expect(await store.folders.head(key)).toBeUndefined();
    },
  },
};

const goOn = async (store: S3Store, key: string): Promise<void> => {
  const upload = await store.uploads.resume(key, newArrivalId(), CUT);
  await upload.write(whole.subarray(CUT));
  await upload.seal();
  await upload.publish({ replace: true });
};

/** Those of many requests, and bytes. */
const largeDeeds: Record<string, Deed> = {
  'a large file is published': {
    act: (store, key) => publish(store, key, whole),
    check: (store, key) => whatIs(store, key, whole),
  },
  'a large file is suspended': {
    act: (store, key) => suspend(store, key, whole),
    async check(store, key) {
      expect((await store.uploads.suspended(key))?.size).toBe(whole.length);
    },
  },
  'a large file is gone on with': {
    prepare: (store, key) => suspend(store, key, whole.subarray(0, CUT)),
    act: goOn,
    async check(store, key) {
      await whatIs(store, key, whole);
      expect(await store.uploads.suspended(key)).toBeUndefined();
    },
  },
  'a finished file is gone on with': {
    prepare: (store, key) => publish(store, key, whole.subarray(0, CUT)),
    act: goOn,
    check: (store, key) => whatIs(store, key, whole),
  },
  'an upload is aborted': {
    async act(store, key) {
      const upload = await store.uploads.begin(key, newArrivalId());
      await upload.write(whole);
      await upload.abort();
    },
    async check(store, key) {
      expect(await store.objects.head(key)).toBeUndefined();
      expect(await store.uploads.suspended(key)).toBeUndefined();
    },
  },
};

/** An id that a key's test finds again. */
const arrivals = new Map<string, string>();
function arrivalOf(key: string): string {
  const arrival = arrivals.get(key) ?? newArrivalId();
  arrivals.set(key, arrival);
  return arrival;
}

describe.skipIf(skipped !== undefined)(
  `one lost answer of S3${skipped ? `, skipped: ${skipped}` : ''}`,
  () => {
    let bucket: TestBucket;
    let proxy: FaultProxy;
    let store: S3Store;
    let direct: S3Store;
    beforeAll(async () => {
      bucket = await openTestBucket();
      proxy = await startFaultProxy(bucket.base.endpoint!);
      const place = { ...bucket.newPlace(), partBytes: PART_BYTES };
      direct = await openS3Store(place);
      store = await openS3Store({ ...place, endpoint: proxy.url });
    });
    afterAll(async () => {
      await Promise.all([store?.close(), direct?.close()]);
      await proxy?.close();
      await bucket?.stop();
    });

    /** Does it with the fault in the request of that number; answers how many there were. */
    const run = async ({ prepare, act, check }: Deed, fault: FaultAct, number: number): Promise<number> => {
      const key = `files/acme/${crypto.randomUUID()}/x`;
      await prepare?.(direct, key);
      let asked = 0;
      let failing = '';
      const matches = ({ method, url, headers }: IncomingMessage): boolean => {
        asked += 1;
        if (asked === number) failing = [method, url, headers['x-amz-copy-source']].join(' ');
        return asked === number;
      };
      proxy.rules.splice(0, proxy.rules.length, { act: fault, times: 1, matches });
      try {
        const answer = await act(store, key);
        proxy.rules.length = 0;
        await check(direct, key, answer);
      } catch (thrown) {
        proxy.rules.length = 0;
        throw new Error(`${failing}: ${thrown}`, { cause: thrown });
      }
      return asked;
    };

    describe.each<[string, FaultAct, Record<string, Deed>]>([
      ['is lost', { loseAnswer: true }, { ...smallDeeds, ...largeDeeds }],
      ['comes after nobody waits any more', { lateMs: 300 }, smallDeeds],
    ])('that %s', (_name, fault, deeds) => {
      it.each(Object.entries(deeds))(
        'changes nothing when %s',
        async (_deed, deed) => {
          const count = await run(deed, fault, 0);
          expect(count).toBeGreaterThan(0);
          const wrong: string[] = [];
          for (let number = 1; number <= count; number += 1) {
            await run(deed, fault, number).catch(({ message }: Error) => wrong.push(message));
          }
          expect(wrong).toEqual([]);
        },
        PATIENCE_MS,
      );
    });
  },
);
