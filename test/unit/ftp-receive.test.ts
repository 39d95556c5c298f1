import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type BlockPool, createBlockPool } from '../../core/buffers.ts';
import { Fault } from '../../core/fault.ts';
import { copyInto, type Into, type Reading, readInto } from '../../services/ftp/data/read-into.ts';
import { receive } from '../../services/ftp/data/receive.ts';

async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  far.on('error', () => undefined);
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  near.on('error', () => undefined);
  return { near, far };
}

const BLOCK = 4096;
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Trial {
  readonly blocks?: number;
  readonly pool?: BlockPool;
  readonly write?: (bytes: Buffer) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly stallMs?: number;
}

function begin(near: Socket, { blocks = 8, write, signal, stallMs = 5000, ...trial }: Trial = {}) {
  const pool = trial.pool ?? createBlockPool({ totalBytes: blocks * BLOCK, blockBytes: BLOCK });
  const chunks: Buffer[] = [];
  let writing = 0;
  const done = receive(near, {
    pool,
    signal: signal ?? new AbortController().signal,
    stallMs,
    took: () => undefined,
    async write(bytes) {
      writing += 1;
      expect(writing).toBe(1);
      await write?.(bytes);
      chunks.push(Buffer.from(bytes));
      writing -= 1;
    },
  });
  done.catch(() => undefined);
  return { pool, done, received: () => Buffer.concat(chunks) };
}

describe('receiving', () => {
  it.each([1, 2, 8])(
    'takes all bytes in order with a pool of %i blocks, and gives the blocks back',
    async (blocks) => {
      const { near, far } = await pair();
      const bytes = randomBytes(BLOCK * 100 + 17);
      const trial = begin(near, { blocks, write: () => sleep(0) });
      far.end(bytes);
      await trial.done;
      expect(digest(trial.received())).toBe(digest(bytes));
      expect(trial.pool.used).toBe(0);
      expect(trial.pool.peak).toBeLessThanOrEqual(2);
    },
  );

  it('stops the sender while the store is slow', async () => {
    const { near, far } = await pair();
    let release = (): void => undefined;
    const trial = begin(near, {
      write: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const total = 64 * 1024 * 1024;
    far.write(Buffer.alloc(total));
    await sleep(200);
    expect(trial.pool.peak).toBeLessThanOrEqual(2);
    expect(far.bytesWritten - far.writableLength).toBeLessThan(total);
    far.destroy();
    near.destroy();
    const releasing = setInterval(() => release(), 1);
    await trial.done.catch(() => undefined);
    clearInterval(releasing);
    expect(trial.pool.used).toBe(0);
  });

  it('keeps what came before a reset', async () => {
    const { near, far } = await pair();
    const trial = begin(near);
    far.write(Buffer.alloc(BLOCK + 10, 1));
    await sleep(50);
    far.resetAndDestroy();
    await expect(trial.done).rejects.toMatchObject({ code: 'cancelled' });
    expect(trial.received()).toHaveLength(BLOCK + 10);
    expect(trial.pool.used).toBe(0);
  });

  it('ends by its signal, waiting for a block too', async () => {
    const { near, far } = await pair();
    const abort = new AbortController();
    const trial = begin(near, { signal: abort.signal });
    far.write('half');
    await sleep(20);
    abort.abort(new Fault('cancelled', 'ABOR'));
    await expect(trial.done).rejects.toMatchObject({ detail: 'ABOR' });
    expect(trial.received().toString()).toBe('half');
    expect(trial.pool.used).toBe(0);
    far.destroy();
  });

  it('ends when no byte comes', async () => {
    const { near, far } = await pair();
    const trial = begin(near, { stallMs: 50 });
    await expect(trial.done).rejects.toMatchObject({ code: 'timed-out' });
    expect(trial.pool.used).toBe(0);
    far.destroy();
  });

  it('does not take a store that is slow for a sender that is', async () => {
    const { near, far } = await pair();
    const trial = begin(near, { stallMs: 100, write: () => sleep(130) });
    const bytes = randomBytes(BLOCK * 5);
    far.end(bytes);
    await trial.done;
    expect(trial.received().equals(bytes)).toBe(true);
  });

  it('ends when writing fails', async () => {
    const { near, far } = await pair();
    const trial = begin(near, { write: () => Promise.reject(new Fault('store-full')) });
    far.write(Buffer.alloc(BLOCK * 10));
    await expect(trial.done).rejects.toMatchObject({ code: 'store-full' });
    expect(trial.pool.used).toBe(0);
    far.destroy();
  });

  it('gives its blocks back while nothing comes, and goes on when it does', async () => {
    const { near, far } = await pair();
    const pool = createBlockPool({ totalBytes: 2 ** 20, blockBytes: 2 ** 16 });
    const trial = begin(near, { pool });
    const [first, second] = [randomBytes(100_000), randomBytes(300_000)];
    far.write(first);
    await expect.poll(() => pool.used).toBeGreaterThan(0);
    await expect.poll(() => pool.used, { timeout: 5000 }).toBe(0);
    expect(trial.received().equals(first)).toBe(true);
    far.end(second);
    await trial.done;
    expect(digest(trial.received())).toBe(digest(Buffer.concat([first, second])));
    expect(pool.used).toBe(0);
  });

  it.each([
    ['hold all blocks', 2 ** 16 - 1],
    ['have sent a little', 20],
  ])('is not held up by many that are idle and %s', async (_name, bytes) => {
    const pool = createBlockPool({ totalBytes: 8 * 2 ** 16, blockBytes: 2 ** 16 });
    const idle = await Promise.all(Array.from({ length: 50 }, pair));
    const trials = idle.map(({ near, far }) => {
      far.write(Buffer.alloc(bytes));
      return begin(near, { pool });
    });
    if (bytes > 1000) await expect.poll(() => pool.used).toBe(8);
    const { near, far } = await pair();
    const busy = begin(near, { pool });
    const began = performance.now();
    far.end(randomBytes(2 ** 20));
    await busy.done;
    expect(performance.now() - began).toBeLessThan(5000);
    for (const one of idle) one.far.end();
    await Promise.all(trials.map(({ done }) => done));
    for (const trial of trials) expect(trial.received()).toHaveLength(bytes);
    expect(pool.used).toBe(0);
  });

  it('ends when hardly a byte comes', async () => {
    const { near, far } = await pair();
    const trial = begin(near, { stallMs: 50 });
    const trickle = setInterval(() => far.write('x'), 10);
    await expect(trial.done).rejects.toMatchObject({ code: 'timed-out', detail: 'hardly any data came' });
    clearInterval(trickle);
    far.destroy();
  });

  it.each([
    ['straight', readInto],
    ['by copying', copyInto],
  ] as const)(
    'reads into memory that it is given, %s',
    async (_name, read: (socket: Socket, into: Into) => Reading) => {
      const { near, far } = await pair();
      const bytes = randomBytes(300_001);
      const block = Buffer.alloc(1000);
      let filled = 0;
      const got: Buffer[] = [];
      const { socket } = read(near, {
        buffer: () => block.subarray(filled),
        took(count) {
          filled += count;
          if (filled < block.length) return true;
          got.push(Buffer.from(block));
          filled = 0;
          setImmediate(() => socket.resume());
          return false;
        },
      });
      far.end(bytes);
      await once(socket, 'end');
      got.push(Buffer.from(block.subarray(0, filled)));
      expect(digest(Buffer.concat(got))).toBe(digest(bytes));
      socket.destroy();
    },
  );
});
