import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault, type FaultCode } from '../../core/fault.ts';
import { createInflater, deflated } from '../../services/ftp/data/mode-z.ts';

const code = (expected: FaultCode) => expect.objectContaining({ code: expected });

/** Inflates the chunks; answers what came out. */
async function inflate(chunks: readonly Uint8Array[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  const inflater = createInflater(async (bytes) => void parts.push(Buffer.from(bytes)));
  try {
    for (const chunk of chunks) {
      // As `receive` has it: the memory is used again.
      const own = Buffer.from(chunk);
      await inflater.write(own);
      own.fill(0xaa);
    }
    await inflater.end();
  } finally {
    await inflater.close();
  }
  return Buffer.concat(parts);
}

async function deflate(chunks: readonly Uint8Array[], level = 6): Promise<Buffer> {
  const source = async function* () {
    for (const chunk of chunks) {
      const own = Buffer.from(chunk);
      yield own;
      own.fill(0xaa);
    }
  };
  return Buffer.concat(await Array.fromAsync(deflated(source(), level)));
}

const chunked = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

describe('MODE Z', () => {
  it('gives back what was sent, whatever the chunks', () =>
    fc.assert(
      fc.asyncProperty(chunked, fc.integer({ min: 0, max: 9 }), async (chunks, level) => {
        const whole = Buffer.concat(chunks);
        const stream = await deflate(chunks, level);
        expect(inflateSync(stream)).toEqual(whole);
        const bytes = Array.from({ length: stream.length }, (_, at) => stream.subarray(at, at + 1));
        expect(await inflate(bytes)).toEqual(whole);
      }),
      { numRuns: 50 },
    ));

  it('takes no end but that of the stream', async () => {
    const stream = deflateSync(randomBytes(200_000));
    for (const length of [0, 1, 2, 1000, stream.length - 5, stream.length - 1]) {
      await expect(inflate([stream.subarray(0, length)])).rejects.toThrow(code('incomplete'));
    }
  });

  it('takes no other bytes, and none after the end', async () => {
    const stream = deflateSync('hello');
    const bad = Buffer.from(stream);
    bad[bad.length - 1]! ^= 1;
    await expect(inflate([bad])).rejects.toThrow(code('bad-argument'));
    await expect(inflate([Buffer.from('plain text')])).rejects.toThrow(code('bad-argument'));
    await expect(inflate([stream, Buffer.from('x')])).rejects.toThrow(code('bad-argument'));
    await expect(inflate([Buffer.concat([stream, Buffer.from('x')])])).rejects.toThrow(code('bad-argument'));
    await expect(inflate([stream, stream])).rejects.toThrow(code('bad-argument'));
  });

  it('swells no further than is taken', async () => {
    const bomb = deflateSync(Buffer.alloc(64 * 1024 ** 2));
    let taken = 0;
    const inflater = createInflater(async (bytes) => {
      taken += bytes.length;
      if (taken > 1024 ** 2) throw new Fault('too-large');
    });
    await expect(inflater.write(bomb).then(() => inflater.end())).rejects.toThrow(code('too-large'));
    await inflater.close();
    expect(taken).toBeLessThan(1024 ** 2 + 128 * 1024);
  });

  it('takes no more while what came out is not taken', async () => {
    let calls = 0;
    let release = (): void => undefined;
    const inflater = createInflater(() => {
      calls += 1;
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    let isFree = false;
    const written = inflater.write(deflateSync(Buffer.alloc(8 * 1024 ** 2))).then(() => {
      isFree = true;
    });
    await sleep(50);
    expect([calls, isFree]).toEqual([1, false]);
    const closed = inflater.close();
    release();
    await closed;
    await written.catch(() => undefined);
    expect(calls).toBe(1);
  });

  it('ends its source when the taker goes, and throws what the source throws', async () => {
    let ended = false;
    const endless = async function* () {
      try {
        for (;;) yield randomBytes(100_000);
      } finally {
        ended = true;
      }
    };
    for await (const bytes of deflated(endless(), 1)) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(ended).toBe(true);
    const failing = async function* () {
      yield randomBytes(100_000);
      throw new Fault('store-down');
    };
    await expect(Array.fromAsync(deflated(failing(), 1))).rejects.toThrow(code('store-down'));
  });
});
