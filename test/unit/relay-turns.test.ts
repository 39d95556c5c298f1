import { expect, it } from 'vitest';
import { createTurns } from '../../services/ftp/relay/turns.ts';

it('so many jobs of a name run at once, the others in order after them, and those of other names beside them', async () => {
  const turns = createTurns(2);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const job = (what: string) => () => {
    begun.push(what);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map((what) => turns(what[0]!, job(what)));
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  ends.shift()!();
  await all[0];
  await expect.poll(() => begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  while (ends.length > 0) {
    ends.shift()!();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  expect(begun.at(-1)).toBe('a4');
  await expect(turns('a', async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await turns('a', async () => 'after')).toBe('after');
});
