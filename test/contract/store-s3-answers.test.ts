import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bucket, createBucket } from '../../adapters/store/s3/bucket.ts';
import { copyObject } from '../../adapters/store/s3/copy-object.ts';
import { headNamed } from '../../adapters/store/s3/locate.ts';
import { listParts } from '../../adapters/store/s3/multipart.ts';
import { openUploads } from '../../adapters/store/s3/open-uploads.ts';
import { putWhole } from '../../adapters/store/s3/put-whole.ts';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { type FaultAct, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { PATIENCE } from '../support/patience.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { bytesOf, contents, expectFault, newKey, publish, text } from './store/given.ts';

const MIB = 1024 ** 2;
const skipped = noS3 ?? (isOwnServer ? undefined : 'what the own server answers is changed');
const whole = bytesOf(12 * MIB);
/** More than a page of the store has. */
const MANY = 1_005;
/** Milliseconds: time for what happens in the middle of a request, on a busy machine too. */
const SLOW_MS = 8_000;

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;
const isJoin = ({ method, url }: Asked): boolean => method === 'POST' && /[?&]uploadId=/.test(url!);
const isBegin = ({ method, url }: Asked): boolean => method === 'POST' && /[?&]uploads/.test(url!);
const isCopy = ({ headers }: Asked): boolean => headers['x-amz-copy-source'] !== undefined;
const error = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>said by the test</Message></Error>`;

describe.skipIf(skipped !== undefined)(`what S3 answers${skipped ? `, skipped: ${skipped}` : ''}`, () => {
  let bucket: TestBucket;
  let proxy: FaultProxy;
  let place: S3Place;
  let store: S3Store;
  beforeAll(async () => {
    bucket = await openTestBucket();
    proxy = await startFaultProxy(bucket.base.endpoint!);
    place = { ...bucket.newPlace(), endpoint: proxy.url };
    store = await openS3Store({ ...place, partBytes: 5 * MIB, deadlineMs: 12_000 });
  });
  afterEach(() => {
    proxy.rules.length = 0;
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await store?.close();
    await proxy?.close();
    await bucket?.stop();
  });

  const answer = (act: FaultAct, times: number, matches: (request: IncomingMessage) => boolean): void =>
    void proxy.rules.push({ act, times, matches });
  const always = Number.POSITIVE_INFINITY;

  describe('200 and no result, because what took long has failed', () => {
    const bodies: [string, string][] = [
      ['an error', error('InternalError')],
      ['an error and a new line', `${error('SlowDown')}\n`],
      ['nothing', ''],
      ['what is not of S3', '<html><body>Welcome</body></html>'],
    ];

    it.each(bodies)('is asked for again: %s', async (_name, body) => {
      const [key, copy] = [newKey(), newKey()];
      for (const matches of [isBegin, isJoin, isCopy]) answer({ status: 200, body }, 2, matches);
      await publish(store, key, whole);
      await store.objects.copy(key, copy);
      expect(proxy.rules.map(({ times }) => times)).toEqual([0, 0, 0]);
      for (const at of [key, copy]) expect((await contents(store, at)).equals(whole)).toBe(true);
      answer({ status: 200, body }, 2, isCopy);
      const upload = await store.uploads.resume(key, newArrivalId(), whole.length);
      await upload.publish({ replace: true });
      expect((await contents(store, key)).equals(whole)).toBe(true);
    });

    it.each(bodies)('is never taken for done: %s', async (_name, body) => {
      answer({ status: 200, body }, always, isJoin);
      const key = newKey();
      await expectFault(publish(store, key, whole), 'store-down');
      expect(await store.objects.head(key)).toBeUndefined();
    });

    it('means what the error in it says', async () => {
      answer({ status: 200, body: error('PreconditionFailed') }, always, isJoin);
      await expectFault(publish(store, newKey(), whole), 'exists');
    });
  });

  it('is told with its reason: an archived object, which the store holds back', async () => {
    const key = newKey();
    await publish(store, key, 'archived');
    answer({ status: 403, body: error('InvalidObjectState') }, always, ({ method }) => method === 'GET');
    answer({ status: 403, body: error('ObjectNotInActiveTierError') }, always, isCopy);
    await expectFault(text(store, key), 'archived');
    await expectFault(store.objects.copy(key, `${key}-to`), 'archived');
  });

  it.each([
    [307, error('TemporaryRedirect'), /another region/],
    [400, error('AuthorizationHeaderMalformed'), /another region/],
    [403, error('AccessDenied'), /lack a permission/],
  ])('is told with its reason: %i %s', async (status, body, reason) => {
    answer({ status, body }, always, () => true);
    const thrown = await store.objects.put(newKey(), whole.subarray(0, 9)).catch((fault) => fault);
    expect(thrown).toMatchObject({ code: 'store-down', reason: expect.stringMatching(reason) });
    expect(proxy.rules[0]!.act).toMatchObject({ status });
  });

  it('is understood when the clock is wrong, though an answer to HEAD says nothing of that', async () => {
    const key = newKey();
    await publish(store, key, 'there');
    const right = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => right() - 3_600_000);
    const from = proxy.requests;
    expect(await store.objects.head(key)).toMatchObject({ size: 5 });
    expect(proxy.seen[from]!.method).toBe('HEAD');
    expect(await store.objects.head(`${key}-none`)).toBeUndefined();
    vi.restoreAllMocks();
    expect(await store.objects.head(key)).toMatchObject({ size: 5 });
  });

  describe.each<[string, FaultAct]>([
    ['503', { status: 503 }],
    ['none', { hang: true }],
  ])('to what is tried at start: %s', (_name, act) => {
    it.each<[string, (asked: Asked) => boolean]>([
      [
        'a conditional create',
        ({ headers, method }) => method === 'PUT' && headers['if-none-match'] !== undefined,
      ],
      ['a conditional replacement', ({ headers }) => headers['if-match'] !== undefined],
      ['a conditional join', isJoin],
    ])('is no word on what the store can do: %s', async (_what, matches) => {
      answer(act, always, matches);
      const opening = openS3Store({ ...place, deadlineMs: 1_000, idleMs: 300 });
      const thrown = await opening.then(
        (opened) => opened.close(),
        (fault) => fault,
      );
      expect(thrown).toMatchObject({ code: 'store-down' });
      expect(thrown.reason).not.toMatch(/If-None-Match/);
    });
  });

  it.each([5, 12 * MIB])(
    'is 412 for a source of %i bytes that was replaced while it was copied, too: the copy is of what it was',
    async (size) => {
      const [key, copy] = [newKey(), newKey()];
      const arrival = await publish(store, key, whole.subarray(0, size));
      answer({ slowMs: SLOW_MS }, 1, isCopy);
      const copying = store.objects.copy(key, copy, { arrival });
      await vi.waitUntil(() => proxy.rules[0]!.times === 0, PATIENCE);
      await publish(store, key, 'newer', { replace: true });
      await copying;
      expect((await contents(store, copy, { arrival })).equals(whole.subarray(0, size))).toBe(true);
      await expectFault(store.objects.copy(key, copy, { arrival }), 'exists');
    },
  );

  it('is 412 for either condition of a copy: it is found out which one was meant', async () => {
    answer({ status: 412 }, always, (asked) => isCopy(asked) && asked.url!.includes('/probe/'));
    const keeping = await openS3Store(place);
    const [key, copy] = [newKey(), newKey()];
    const arrival = await publish(store, key, 'older');
    answer({ status: 412, afterMs: SLOW_MS }, 1, isCopy);
    const copying = keeping.objects.copy(key, copy, { arrival });
    await vi.waitUntil(() => proxy.rules[1]!.times === 0, PATIENCE);
    await publish(store, key, 'newer', { replace: true });
    await copying;
    expect(await text(store, copy, arrival)).toBe('older');
    answer({ status: 412 }, 1, isCopy);
    await expectFault(keeping.objects.copy(key, copy, { arrival }), 'exists');
    await keeping.close();
  });

  it('has one meaning for a finished object that is replaced while it is gone on with', async () => {
    const key = newKey();
    await publish(store, key, whole);
    answer({ slowMs: SLOW_MS }, 1, isCopy);
    const resuming = expectFault(store.uploads.resume(key, newArrivalId(), whole.length), 'busy');
    await vi.waitUntil(() => proxy.rules[0]!.times === 0, PATIENCE);
    await publish(store, key, 'newer', { replace: true });
    await resuming;
  });

  it('was lost, and there is no time for another attempt: what was done is done', async () => {
    const hasty = createBucket({ ...place, deadlineMs: 20, idleMs: 5_000 });
    const [put, copy] = [newKey(), newKey()];
    const isPut = ({ method }: Asked): boolean => method === 'PUT';
    answer({ loseAnswer: true }, 2, isPut);
    await putWhole(hasty, put, whole.subarray(0, 9), {}, true);
    await copyObject(hasty, (await headNamed(hasty, put))!, copy);
    hasty.close();
    expect(proxy.rules[0]!.times).toBe(0);
    expect((await contents(store, copy)).equals(whole.subarray(0, 9))).toBe(true);
  });

  describe('in pages', () => {
    let direct: Bucket;
    beforeAll(() => {
      direct = createBucket({
        ...place,
        prefix: `${place.prefix}pages/`,
        deadlineMs: 60_000,
        idleMs: 15_000,
      });
    });
    afterAll(() => direct.close());
    const inParallel = async (act: (number: number) => Promise<unknown>): Promise<void> => {
      const waiting = Array.from({ length: MANY }, (_, index) => index + 1);
      const next = async (): Promise<void> => {
        for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) await act(number);
      };
      await Promise.all(Array.from({ length: 16 }, next));
    };

    it(`is whole: the parts of an upload of ${MANY}`, async () => {
      const at = { Bucket: place.bucket, Key: direct.full('parts') };
      const { UploadId } = await bucket.s3.createMultipartUpload(at);
      await inParallel((PartNumber) =>
        bucket.s3.uploadPart({ ...at, UploadId, PartNumber, Body: `${PartNumber}` }),
      );
      const parts = (await listParts(direct, 'parts', UploadId!))!;
      expect(parts.map(({ number }) => number)).toEqual(
        Array.from({ length: MANY }, (_, index) => index + 1),
      );
      await bucket.s3.abortMultipartUpload({ ...at, UploadId });
    });

    it(`is whole: ${MANY} uploads of odd names`, async () => {
      const name = (number: number): string => `odd/${number % 3} +%2B&<é/${number % 500}`;
      await inParallel((number) =>
        bucket.s3.createMultipartUpload({ Bucket: place.bucket, Key: direct.full(name(number)) }),
      );
      const found = await Array.fromAsync(openUploads(direct, 'odd/'));
      expect(new Set(found.map(({ id }) => id)).size).toBe(MANY);
      const expected = Array.from({ length: MANY }, (_, index) => name(index + 1));
      expect(found.map(({ key }) => key).sort()).toEqual(expected.sort());
    });
  });
});
