import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import type { Upload } from '../../core/ports/store.ts';
import { type FaultAct, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { PATIENCE } from '../support/patience.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, expectFault, newKey, publish, suspend, text } from './store/given.ts';

const MIB = 1024 ** 2;
const PART_BYTES = 5 * MIB;
/** For those who die, or cannot give back what they hold. */
const LEASE_MS = 8_000;
/** For what comes when a lease has run out. */
const RUN_OUT = { timeout: LEASE_MS + PATIENCE.timeout };
/** What a store is to take longer for takes twice as long. */
const IDLE_MS = 3_000;
/** For a request that is answered at last: a busy machine needs some of it. */
const DEADLINE_MS = 60_000;
/** For one that never is. */
const SHORT_DEADLINE_MS = 8_000;

const isPossible = noS3 === undefined && isOwnServer;
const missing = noS3 === undefined ? '' : `, skipped: ${noS3}`;

describe.runIf(isPossible)(`S3 over a network that fails${missing}`, () => {
  let bucket: TestBucket;
  let base: S3Place;
  let proxy: FaultProxy;
  let store: S3Store;
  let peer: S3Store;
  beforeAll(async () => {
    bucket = await openTestBucket();
    ({ base } = bucket);
  });
  afterAll(() => bucket?.stop());
  const newPlace = (): S3Place => bucket.newPlace();

  beforeEach(async () => {
    proxy = await startFaultProxy(base.endpoint!);
    const options = {
      ...newPlace(),
      endpoint: proxy.url,
      partBytes: PART_BYTES,
      idleMs: IDLE_MS,
      deadlineMs: DEADLINE_MS,
    };
    [store, peer] = [await openS3Store(options), await openS3Store(options)];
  });
  afterEach(async () => {
    await Promise.all([store.close(), peer.close()]);
    await proxy.close();
  });

  const fail = (act: FaultAct, times: number, method?: string, path = /./): void => {
    const matches = (request: { method?: string | undefined; url?: string | undefined }): boolean =>
      (method === undefined || request.method === method) && path.test(request.url!);
    proxy.rules.push({ act, times, matches });
  };
  const whole = bytesOf(12 * MIB);
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const send = async (upload: Upload, bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; at += MIB) await upload.write(bytes.subarray(at, at + MIB));
  };

  it.each<[string, FaultAct]>([
    ['503', { status: 503 }],
    ['500', { status: 500 }],
    ['silence', { hang: true }],
    ['a lost answer', { loseAnswer: true }],
    ['a slow answer', { slowMs: 300 }],
    ['a cut after a MiB', { cutRequestAfter: MIB }],
  ])('publishes through %s', async (_name, act) => {
    const [large, small] = [newKey(), newKey()];
    fail(act, 3);
    const upload = await store.uploads.begin(large, newArrivalId());
    await send(upload, whole);
    fail(act, 1);
    await upload.seal();
    fail(act, 1, 'POST', /uploadId/);
    await upload.publish();
    fail(act, 1, 'PUT');
    const arrival = await publish(store, small, 'small');
    expect(digest(await contents(peer, large))).toBe(digest(whole));
    expect(await text(peer, small, arrival)).toBe('small');
  });

  it.each([PART_BYTES, 2 * PART_BYTES])(
    'is store-down after its deadline, and what was sent in parts of %i can be resumed then',
    async (partBytes) => {
      const options = { ...newPlace(), endpoint: proxy.url, partBytes };
      const impatient = await openS3Store({ ...options, deadlineMs: SHORT_DEADLINE_MS });
      onTestFinished(impatient.close);
      const patient = await openS3Store(options);
      onTestFinished(patient.close);
      const key = newKey();
      const upload = await impatient.uploads.begin(key, newArrivalId());
      await send(upload, whole);
      fail({ status: 503 }, 1_000);
      await expectFault(publish(impatient, newKey(), 'x'), 'store-down');
      await expectFault(upload.seal(), 'store-down');
      proxy.rules.length = 0;
      await upload.suspend();
      const { size } = (await patient.uploads.suspended(key))!;
      expect(size).toBe(whole.length);
      const resumed = await patient.uploads.resume(key, newArrivalId(), size);
      await resumed.seal();
      await resumed.publish();
      expect(digest(await contents(patient, key))).toBe(digest(whole));
    },
  );

  it('keeps the order of pieces and parts when one before a piece failed', async () => {
    const place = {
      ...newPlace(),
      endpoint: proxy.url,
      partBytes: PART_BYTES,
      deadlineMs: SHORT_DEADLINE_MS,
    };
    const one = await openS3Store({ ...place, pieces: { directParts: 2, pieceBytes: 2 * PART_BYTES } });
    const [key, big] = [newKey(), bytesOf(37 * MIB)];
    const upload = await one.uploads.begin(key, newArrivalId());
    fail({ status: 503 }, 1_000, 'PUT', /x12\?.*partNumber=2/);
    await expectFault(send(upload, big), 'store-down');
    proxy.rules.length = 0;
    await upload.suspend();
    const { size } = (await one.uploads.suspended(key))!;
    expect(size).toBeGreaterThanOrEqual(3 * PART_BYTES);
    const resumed = await one.uploads.resume(key, newArrivalId(), size);
    await send(resumed, big.subarray(size));
    await resumed.seal();
    await resumed.publish();
    expect(digest(await contents(one, key))).toBe(digest(big));
    await one.close();
  });

  it('asks again for a record of its own whose answer breaks off', async () => {
    const key = newKey();
    await suspend(store, key, whole);
    fail({ cutAnswerAfter: 10 }, 2, 'GET', /\.landfall\/suspended/);
    expect(await peer.uploads.suspended(key)).toMatchObject({ size: whole.length });
  });

  it('waits for a store that takes longer than the deadline to put parts together, and says so', async () => {
    const options = { ...newPlace(), endpoint: proxy.url, partBytes: PART_BYTES };
    const one = await openS3Store({ ...options, idleMs: IDLE_MS, deadlineMs: SHORT_DEADLINE_MS });
    const key = newKey();
    const upload = await one.uploads.begin(key, newArrivalId());
    await send(upload, whole);
    await upload.seal();
    fail({ spacesForMs: 2 * SHORT_DEADLINE_MS }, 1, 'POST', /uploadId/);
    await upload.publish();
    expect(digest(await contents(one, key))).toBe(digest(whole));
    await one.close();
  });

  it('has a claim given back that could not be ended, and tells of what is published', async () => {
    const options = {
      ...newPlace(),
      endpoint: proxy.url,
      leaseMs: LEASE_MS,
      deadlineMs: SHORT_DEADLINE_MS,
    };
    const [one, other] = [await openS3Store(options), await openS3Store(options)];
    const [aborted, published] = [newKey(), newKey()];
    for (const key of [aborted, published]) await suspend(one, key, 'half');
    const [first, second] = [
      await one.uploads.resume(aborted, newArrivalId(), 4),
      await one.uploads.resume(published, newArrivalId(), 4),
    ];
    fail({ status: 503 }, 1_000, 'HEAD', /\.landfall\/suspended/);
    await expectFault(first.abort(), 'store-down');
    await second.seal();
    expect(await second.publish()).toMatchObject({ size: 4 });
    proxy.rules.length = 0;
    const goOn = () => other.uploads.resume(aborted, newArrivalId(), 4).catch(() => undefined);
    await (await vi.waitUntil(goOn, RUN_OUT))!.abort();
    expect(await other.uploads.suspended(published)).toBeUndefined();
    await Promise.all([one.close(), other.close()]);
  });

  it('reads on from where the answer broke off, or fell silent', async () => {
    const key = newKey();
    await publish(store, key, whole);
    for (const at of [10_000, 1, 4 * MIB]) fail({ cutAnswerAfter: at }, 1, 'GET', /x12/);
    fail({ hang: true }, 1, 'GET', /x12/);
    expect(digest(await contents(store, key))).toBe(digest(whole));
  });

  it('reads on in the kept copy of what was replaced meanwhile', async () => {
    const key = newKey();
    await publish(store, key, whole);
    fail({ cutAnswerAfter: MIB }, 1, 'GET', /x12/);
    const chunks: Buffer[] = [];
    for await (const chunk of store.objects.read(key)) {
      if (chunks.length === 0) await publish(peer, key, 'newer', { replace: true });
      chunks.push(Buffer.from(chunk));
    }
    expect(digest(Buffer.concat(chunks))).toBe(digest(whole));
  });

  it('goes on over 20 cuts on two listeners, and sends little twice', async () => {
    const [key, big] = [newKey(), bytesOf(64 * MIB)];
    const before = proxy.bytesIn;
    const CUTS = 20;
    let upload = await store.uploads.begin(key, newArrivalId());
    const cuts = Array.from({ length: CUTS }, () => Math.floor(Math.random() * big.length)).sort(
      (a, b) => a - b,
    );
    for (const [index, end] of cuts.entries()) {
      await send(upload, big.subarray(upload.size, end));
      await upload.suspend(`${index}`);
      const { size } = (await peer.uploads.suspended(key))!;
      expect(size).toBe(end);
      upload = await [store, peer][index % 2]!.uploads.resume(key, newArrivalId(), size);
    }
    await send(upload, big.subarray(upload.size));
    await upload.seal();
    await upload.publish();
    expect(digest(await contents(store, key))).toBe(digest(big));
    const twice = proxy.bytesIn - before - big.length;
    expect(twice).toBeLessThan(CUTS * PART_BYTES);
  });

  it('goes on with a finished object by a copy within the store', async () => {
    const key = newKey();
    await publish(store, key, whole);
    const before = proxy.bytesIn;
    // It may answer nothing for longer than other requests may be silent.
    const matches = ({ headers }: { headers: object }): boolean => 'x-amz-copy-source' in headers;
    proxy.rules.push({ act: { slowMs: 2 * IDLE_MS }, times: 100, matches });
    const upload = await store.uploads.resume(key, newArrivalId(), 9 * MIB);
    await upload.write(Buffer.from('end'));
    await upload.seal();
    await upload.publish({ replace: true });
    expect(proxy.bytesIn - before).toBeLessThan(10_000);
    expect(digest(await contents(peer, key))).toBe(
      digest(Buffer.concat([whole.subarray(0, 9 * MIB), Buffer.from('end')])),
    );
  });
});
