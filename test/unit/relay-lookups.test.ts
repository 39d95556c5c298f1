import { expect, it } from 'vitest';
import { createLookups } from '../../services/ftp/relay/lookups.ts';

it('one sender may ask so often in a second, whatever others do', async () => {
  let now = 0;
  const lookups = createLookups(() => now);
  const ask = async (from: string, times: number): Promise<number> => {
    let answered = 0;
    for (let time = 0; time < times; time += 1) {
      if ((await lookups.ask(from, async () => 'answer')) !== undefined) answered += 1;
    }
    return answered;
  };
  expect(await ask('192.0.2.1', 1000)).toBe(200);
  expect(await ask('192.0.2.2', 100)).toBe(100);
  // RFC 4291: who has one address of a /64 has them all.
  expect((await ask('2001:db8::1', 150)) + (await ask('2001:db8::2', 150))).toBe(200);
  now += 1_000;
  expect(await ask('192.0.2.1', 1000)).toBe(200);
});

it('there are only so many questions without an answer; some more wait, the rest are not asked', async () => {
  const lookups = createLookups();
  const { promise: hangs, resolve } = Promise.withResolvers<string>();
  let questions = 0;
  const asked = Array.from({ length: 3000 }, (_, index) =>
    lookups.ask(`10.0.${index >> 8}.${index & 255}`, () => {
      questions += 1;
      return hangs;
    }),
  );
  expect(await Promise.race([asked.at(-1), 'no answer yet'])).toBeUndefined();
  expect(questions).toBe(256);
  resolve('answer');
  expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(256 + 2000);
  expect(await lookups.ask('192.0.2.1', async () => 'again')).toBe('again');
});
