import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import type { Scanner } from '../../core/ports/scanner.ts';
import { eicar, testVirus } from '../support/viruses.ts';
import { zipOf } from '../support/zip.ts';

export const never = new AbortController().signal;

export async function* inChunks(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** Bytes that come in chunks of which each is overwritten when the next one is asked for, as a store's are. */
export async function* zeros(size: number, chunkSize = 256 * 1024): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(chunkSize);
  for (let left = size; left > 0; left -= chunkSize) {
    chunk.fill(0);
    yield chunk.subarray(0, Math.min(left, chunkSize));
    chunk.fill(0xff);
  }
}

/** What every scanner does that knows the test signatures. */
export function testScanner(name: string, scanner: () => Scanner): void {
  const scan = (...chunks: Buffer[]) => scanner().scan(inChunks(...chunks), never);

  describe(`${name}: the scanner`, () => {
    test('a clean file is clean', async () => {
      expect(await scan(Buffer.from('ISA*00*'))).toEqual({ kind: 'clean' });
    });

    test('a file without a byte is clean', async () => {
      expect(await scan()).toEqual({ kind: 'clean' });
      expect(await scan(Buffer.alloc(0), Buffer.alloc(0))).toEqual({ kind: 'clean' });
    });

    test('an infected file is named by its signature', async () => {
      expect(await scan(eicar)).toEqual({ kind: 'infected', signature: 'Eicar-Test-Signature.UNOFFICIAL' });
    });

    test('an archive is looked into', async () => {
      expect(await scan(zipOf('eicar.com', eicar))).toMatchObject({ kind: 'infected' });
      expect(await scan(zipOf('a.txt', Buffer.from('nothing')))).toEqual({ kind: 'clean' });
    });

    test('an encrypted archive cannot be scanned', async () => {
      const verdict = await scan(zipOf('a.txt', Buffer.from('secret'), { encrypted: true }));
      expect(verdict).toMatchObject({ kind: 'unscannable', reason: expect.stringContaining('encrypted') });
    });

    test('a signature is found across the borders of chunks, a byte at a time even', async () => {
      const bytes = Array.from(Buffer.concat([Buffer.alloc(100, 'a'), testVirus, Buffer.alloc(100, 'b')]));
      expect(await scan(...bytes.map((byte) => Buffer.of(byte)))).toMatchObject({ kind: 'infected' });
    });

    test('64 MiB whose memory is used again are scanned, and the very end of them', async () => {
      const size = 64 * 2 ** 20;
      expect(await scanner().scan(zeros(size), never)).toEqual({ kind: 'clean' });
      async function* infected() {
        yield* zeros(size);
        yield testVirus;
      }
      expect(await scanner().scan(infected(), never)).toMatchObject({ kind: 'infected' });
    });

    test('one chunk of any size is taken', async () => {
      const chunk = Buffer.alloc(3 * 2 ** 20 + 7);
      testVirus.copy(chunk, chunk.length - testVirus.length);
      expect(await scan(chunk)).toMatchObject({ kind: 'infected' });
    });

    test('20 scans at once are told apart', async () => {
      const files = Array.from({ length: 20 }, (_, index) =>
        index % 3 === 0 ? eicar : Buffer.from(`${index}`),
      );
      const verdicts = await Promise.all(files.map((file) => scan(file)));
      expect(verdicts.map(({ kind }) => kind)).toEqual(
        files.map((file) => (file === eicar ? 'infected' : 'clean')),
      );
    });

    test("a source that fails is the source's failure", async () => {
      async function* broken() {
        yield Buffer.from('half a file');
        throw new Error('the disk is gone');
      }
      await expect(scanner().scan(broken(), never)).rejects.toThrow('the disk is gone');
    });

    test('it stops when it is told to, and closes its source', async () => {
      const stop = new AbortController();
      let closed = false;
      async function* endless() {
        try {
          for (let count = 0; ; count += 1) {
            if (count === 10) stop.abort(new Error('told to stop'));
            yield Buffer.alloc(1000);
          }
        } finally {
          closed = true;
        }
      }
      await expect(scanner().scan(endless(), stop.signal)).rejects.toThrow('told to stop');
      expect(closed).toBe(true);
      await expect(scanner().scan(inChunks(), stop.signal)).rejects.toThrow();
    });

    test('it says who it is', async () => {
      expect(await scanner().version()).toMatch(/^ClamAV \d/);
    });
  });
}
