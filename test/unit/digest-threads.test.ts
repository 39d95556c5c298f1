import { createHash, randomFillSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamDigester } from '../../core/digest-thread.ts';
import { createDigestThreads, type DigestThreads } from '../../core/digest-threads.ts';

let threads: DigestThreads;
afterEach(() => threads.close());

const shared = (bytes: number): Uint8Array => randomFillSync(new Uint8Array(new SharedArrayBuffer(bytes)));
const sha256 = (pieces: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
};

const digestOf = async (pieces: readonly Uint8Array[]): Promise<string | undefined> => {
  const digester = threads.begin(['sha256', 'crc32']);
  for (const piece of pieces) await digester.update(piece);
  return (await digester.finish()).sha256;
};

/** What is in a stream, by its pieces. */
const streams: Record<string, () => Uint8Array[]> = {
  'no byte': () => [],
  'a few bytes': () => [Buffer.from('a few bytes')],
  'large pieces': () => [shared(2 ** 18), shared(2 ** 18), shared(2 ** 20)],
  'a large piece, then small ones of other memory': () => [
    shared(2 ** 18),
    Buffer.from('b'),
    Buffer.from('c'),
  ],
  'a small piece, then large ones': () => [Buffer.from('a'), shared(2 ** 18)],
  'parts of a block': () => [shared(2 ** 20).subarray(10, 2 ** 19), shared(2 ** 20).subarray(2 ** 19)],
};

describe.each([0, 1, 3])('with %i threads', (count) => {
  it.each(Object.keys(streams))('the digests of %s', async (name) => {
    threads = createDigestThreads(count);
    const pieces = streams[name]!();
    expect(await digestOf(pieces)).toBe(sha256(pieces));
  });

  it('many streams at once have each their own', async () => {
    threads = createDigestThreads(count);
    const all = Array.from({ length: 20 }, () => [shared(2 ** 17), shared(2 ** 17)]);
    expect(await Promise.all(all.map(digestOf))).toEqual(all.map(sha256));
  });

  it('a stream that is dropped is in nobody’s way', async () => {
    threads = createDigestThreads(count);
    const digester = threads.begin(['sha256']);
    await digester.update(shared(2 ** 17));
    digester.drop();
    const pieces = [shared(2 ** 17)];
    expect(await digestOf(pieces)).toBe(sha256(pieces));
  });
});

/** A large stream beside another, which has this thread. */
const beginSecond = async (): Promise<StreamDigester> => {
  threads = createDigestThreads(1);
  await threads.begin(['sha256']).update(shared(2 ** 17));
  return threads.begin(['sha256']);
};

it('the second large stream leaves this thread free', async () => {
  const digester = await beginSecond();
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 1);
  await digester.update(shared(256 * 2 ** 20));
  clearInterval(turning);
  expect(turns).toBeGreaterThan(1);
});

it('streams fail when their thread ends; later ones have another', async () => {
  const digester = await beginSecond();
  const waiting = digester.update(shared(64 * 2 ** 20));
  await Promise.all([expect(waiting).rejects.toThrow('the thread that digests ended'), threads.close()]);
  await expect(digester.finish()).rejects.toThrow('the thread that digests ended');
  const pieces = [shared(2 ** 17)];
  expect(await digestOf(pieces)).toBe(sha256(pieces));
});
