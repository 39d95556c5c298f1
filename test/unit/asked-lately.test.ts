import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { askedLately } from '../../core/asked-lately.ts';

it('asks once for all who ask at once, and again when the answer is old', async () => {
  let asked = 0;
  const ask = askedLately(async () => ++asked, { keptMs: 30, waitMs: 1_000 });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(1);
  await sleep(50);
  expect(await ask()).toBe(2);
});

it('keeps a fault as it keeps an answer', async () => {
  let asked = 0;
  const ask = askedLately(
    () => {
      throw new Error(String(++asked));
    },
    { keptMs: 30, waitMs: 1_000 },
  );
  await expect(ask()).rejects.toThrow('1');
  await expect(ask()).rejects.toThrow('1');
  await sleep(50);
  await expect(ask()).rejects.toThrow('2');
});

it('is late for all while one question hangs, which is asked no second time', async () => {
  let asked = 0;
  const { promise: hangs, resolve: end } = Promise.withResolvers<string>();
  const ask = askedLately(
    () => {
      asked += 1;
      return hangs;
    },
    { keptMs: 1, waitMs: 20 },
  );
  for (let count = 0; count < 3; count += 1) await expect(ask()).rejects.toMatchObject({ code: 'timed-out' });
  expect(asked).toBe(1);
  end('at last');
  await hangs;
  expect(await ask()).toBe('at last');
});
