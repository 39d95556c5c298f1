import { describe, expect, test } from 'vitest';
import { createBlockPool } from '../../core/buffers.ts';

const pool = (blocks: number) => createBlockPool({ totalBytes: blocks * 16, blockBytes: 16 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('block pool', () => {
  test('lends so many blocks and not one more, and the same ones again', async () => {
    const blocks = pool(2);
    const [a, b] = [await blocks.take(), await blocks.take()];
    let third: unknown;
    const waiting = blocks.take().then((block) => {
      third = block;
    });
    await turn();
    expect(third).toBeUndefined();
    blocks.give(a);
    await waiting;
    expect(third).toBe(a);
    expect(third).not.toBe(b);
    expect([blocks.used, blocks.peak]).toEqual([2, 2]);
  });

  test('serves those who wait in the order they asked', async () => {
    const blocks = pool(1);
    const held = await blocks.take();
    const order: number[] = [];
    const waiters = [1, 2, 3].map((number) =>
      blocks.take().then((block) => {
        order.push(number);
        blocks.give(block);
      }),
    );
    blocks.give(held);
    await Promise.all(waiters);
    expect(order).toEqual([1, 2, 3]);
    expect(blocks.used).toBe(0);
  });

  test('one who leaves gets nothing and takes nothing from the next', async () => {
    const blocks = pool(1);
    const held = await blocks.take();
    const leaving = new AbortController();
    const left = blocks.take(leaving.signal);
    const next = blocks.take();
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    blocks.give(held);
    expect(await next).toBe(held);
    expect(blocks.used).toBe(1);
  });

  test('an abort after the block was lent changes nothing', async () => {
    const blocks = pool(1);
    const held = await blocks.take();
    const late = new AbortController();
    const next = blocks.take(late.signal);
    const last = blocks.take();
    blocks.give(held);
    const lent = await next;
    late.abort();
    await turn();
    blocks.give(lent);
    expect(await last).toBe(held);
  });

  test('who has left already is not served', async () => {
    const blocks = pool(1);
    await expect(blocks.take(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(blocks.used).toBe(0);
  });

  test('there is always one block', async () => {
    const blocks = createBlockPool({ totalBytes: 1, blockBytes: 16 });
    expect(await blocks.take()).toHaveLength(16);
  });
});
