import { Buffer } from 'node:buffer';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimKey, suspendedKey } from '../../adapters/store/s3/layout.ts';
import { openS3Store, type S3Store, type S3StoreOptions } from '../../adapters/store/s3/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { PATIENCE } from '../support/patience.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { storedParts } from '../support/s3-parts.ts';
import { bytesOf, contents, expectFault, newKey } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
/** Milliseconds: it is renewed after a third of it, though a busy machine stands still for seconds. */
const LEASE_MS = 8_000;
/** For what comes when a lease has run out. */
const RUN_OUT = { timeout: LEASE_MS + PATIENCE.timeout, interval: 200 };
/** Three whole parts, and an end. */
const STOPPED_BYTES = 17 * MIB;

/** An upload belongs to one listener at a time, whatever becomes of the one that had it. */
describe.skipIf(noS3 !== undefined)('the claim of an upload', () => {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await openTestBucket();
  });
  afterAll(() => bucket?.stop());

  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  });
  const optionsOf = (): S3StoreOptions => ({
    ...bucket.newPlace(),
    partBytes: PART_BYTES,
    leaseMs: LEASE_MS,
  });
  const open = async (options: S3StoreOptions): Promise<S3Store> => {
    const store = await openS3Store(options);
    cleanUp.push(store.close);
    return store;
  };

  const isThere = async ({ bucket: Bucket, prefix }: S3StoreOptions, key: string): Promise<boolean> =>
    (await bucket.s3.listObjectsV2({ Bucket, Prefix: prefix + key })).KeyCount === 1;
  /** The upload has its whole parts in the store, and its record. */
  const begun = (options: S3StoreOptions, key: string) =>
    vi.waitUntil(
      async () =>
        (await storedParts(bucket.s3, options, key)) >= 3 && (await isThere(options, suspendedKey(key))),
      { ...PATIENCE, interval: 200 },
    );

  /** A process that has an upload of that many bytes. */
  const startUpload = async (options: S3StoreOptions, key: string, act: string) => {
    const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'store-s3-claims-process.ts'),
      ...[JSON.stringify(options), key, String(STOPPED_BYTES), act],
    ]);
    cleanUp.push(() => child.kill('SIGKILL'));
    const gone = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value as string;
    expect(await line()).toBe('ready');
    await begun(options, key);
    return {
      stop: () => child.kill('SIGSTOP'),
      /** Answers what became of what it does then. */
      async goOn(): Promise<string> {
        child.stdin.write('go on\n');
        child.kill('SIGCONT');
        const outcome = await line();
        await gone;
        return outcome;
      },
    };
  };

  it.each(['write', 'publish', 'suspend', 'abort'])(
    'is lost by who was stopped when another one goes on: it cannot %s, and nothing is damaged',
    async (act) => {
      const options = optionsOf();
      const [peer, key] = [await open(options), newKey()];
      const stopped = await startUpload(options, key, act);
      expect(await peer.uploads.suspended(key)).toBeUndefined();
      stopped.stop();
      const { size } = await vi.waitUntil(() => peer.uploads.suspended(key), RUN_OUT);
      expect(size).toBe(3 * PART_BYTES);
      const arrival = newArrivalId();
      const upload = await peer.uploads.resume(key, arrival, size);
      const rest = bytesOf(STOPPED_BYTES, 'other');
      await upload.write(rest.subarray(0, 8 * MIB));
      expect(await stopped.goOn()).toBe('busy');
      expect(await peer.objects.head(key)).toBeUndefined();
      await upload.write(rest.subarray(8 * MIB));
      await upload.seal();
      await upload.publish();
      const whole = Buffer.concat([bytesOf(STOPPED_BYTES, 'stopped').subarray(0, size), rest]);
      expect((await contents(peer, key, { arrival })).equals(whole)).toBe(true);
      expect(await peer.uploads.suspended(key)).toBeUndefined();
    },
  );

  it('stays with who was stopped when nobody went on', async () => {
    const options = optionsOf();
    const [peer, key] = [await open(options), newKey()];
    const stopped = await startUpload(options, key, 'publish');
    stopped.stop();
    await vi.waitUntil(() => peer.uploads.suspended(key), RUN_OUT);
    expect(await stopped.goOn()).toBe('done');
    expect((await contents(peer, key)).equals(bytesOf(STOPPED_BYTES, 'stopped'))).toBe(true);
  });

  it('is told by the clock of the store', async () => {
    const options = optionsOf();
    const [store, peer, key] = [await open(options), await open(options), newKey()];
    const upload = await store.uploads.begin(key, newArrivalId());
    await upload.write(bytesOf(STOPPED_BYTES));
    await begun(options, key);
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * LEASE_MS);
    await expectFault(peer.uploads.resume(key, newArrivalId(), PART_BYTES), 'busy');
    expect(await peer.uploads.suspended(key)).toBeUndefined();
    await upload.abort();
  });

  it('is not swept by who has a wrong clock, and gone when its holder has', async () => {
    const options = optionsOf();
    const [store, peer, key] = [await open(options), await open(options), newKey()];
    const upload = await store.uploads.begin(key, newArrivalId());
    await upload.write(bytesOf(STOPPED_BYTES));
    await begun(options, key);
    const right = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => right() + 11 * 60_000);
    const sweep = () => peer.uploads.sweep({ uploads: new Date(0), unnamed: new Date(0) });
    await sweep();
    expect(await isThere(options, claimKey(key))).toBe(true);
    await store.close();
    const isSwept = async (): Promise<boolean> => {
      await sweep();
      return !(await isThere(options, claimKey(key)));
    };
    await vi.waitUntil(isSwept, RUN_OUT);
    await expectFault(upload.abort(), 'store-down');
  });

  it('is not there again after it was given back while a renewal was on its way', async () => {
    const options = optionsOf();
    const proxy = await startFaultProxy(bucket.base.endpoint!);
    cleanUp.push(proxy.close);
    const [slow, peer, key] = [
      await open({ ...options, endpoint: proxy.url }),
      await open(options),
      newKey(),
    ];
    const upload = await slow.uploads.begin(key, newArrivalId());
    await upload.write(bytesOf(STOPPED_BYTES));
    await begun(options, key);
    let late = 0;
    const matches = ({ method, url }: { method?: string | undefined; url?: string | undefined }): boolean => {
      const isRenewal = method === 'PUT' && url!.includes('/.landfall/claims/');
      if (isRenewal) late += 1;
      return isRenewal;
    };
    // The store gets it long after its sender gave up waiting, and sent it again.
    proxy.rules.push({ act: { lateMs: 2 * LEASE_MS }, times: 1, matches });
    await vi.waitUntil(() => late > 0, PATIENCE);
    await upload.suspend();
    const { size } = (await peer.uploads.suspended(key))!;
    expect(size).toBe(STOPPED_BYTES);
    await sleep(2.5 * LEASE_MS);
    expect(await isThere(options, claimKey(key))).toBe(false);
    const again = await peer.uploads.resume(key, newArrivalId(), size);
    await again.abort();
  });
});
