import { createHash, randomFillSync } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { createPayloadDigests, type PayloadDigests } from '../../adapters/store/s3/payload-digests.ts';

let digests: PayloadDigests | undefined;
afterEach(() => digests?.close());

const shared = (bytes: number): Uint8Array<SharedArrayBuffer> =>
  randomFillSync(new Uint8Array(new SharedArrayBuffer(bytes)));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('answers each its own digest, many at once', async () => {
  digests = createPayloadDigests();
  const bodies = [1, 3 * 2 ** 20, 0, 100, 2 ** 20].map(shared);
  expect(await Promise.all(bodies.map(digests.of))).toEqual(bodies.map(sha256));
});

it('has a part of shared memory only', async () => {
  digests = createPayloadDigests();
  const block = shared(1_000);
  expect(await digests.of(block.subarray(10, 20))).toBe(sha256(block.subarray(10, 20)));
});

it('fails who waits when the thread ends, and goes on with another one', async () => {
  digests = createPayloadDigests();
  const waiting = digests.of(shared(64 * 2 ** 20));
  await Promise.all([expect(waiting).rejects.toThrow('the thread that hashes ended'), digests.close()]);
  const body = shared(10);
  expect(await digests.of(body)).toBe(sha256(body));
});
