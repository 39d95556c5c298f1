import { describe, expect, it } from 'vitest';
import type { Listed } from '../../services/ftp/listing/asked-for.ts';
import { inOrder } from '../../services/ftp/listing/in-order.ts';

const listed = (name: string, modified = 0): Listed => ({
  entry: { kind: 'file', name, size: 1, modified: new Date(modified) },
  path: `/${name}`,
  name,
});

async function* from(all: readonly Listed[]): AsyncGenerator<Listed> {
  yield* all;
}

const namesOf = async (all: readonly Listed[], flags: string): Promise<string[]> =>
  (await Array.fromAsync(inOrder(from(all), flags))).map(({ name }) => name);

describe('a listing', () => {
  const all = [listed('b', 1), listed('c', 2), listed('B', 3), listed('a', 2)];

  it('is in the order of ls', async () => {
    expect(await namesOf(all, '')).toEqual(['B', 'a', 'b', 'c']);
    expect(await namesOf(all, '-r ')).toEqual(['c', 'b', 'a', 'B']);
    expect(await namesOf(all, '-lt ')).toEqual(['B', 'a', 'c', 'b']);
    expect(await namesOf(all, '-l -tr ')).toEqual(['b', 'c', 'a', 'B']);
    expect(await namesOf([], '-t ')).toEqual([]);
  });

  it('that is too long to be held goes out as it comes, whole', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => listed(String((index * 7919) % 5000)));
    expect(await namesOf(many, '')).toEqual(many.map(({ name }) => name));
    const fewer = many.slice(0, 2048);
    expect(await namesOf(fewer, '')).toEqual(fewer.map(({ name }) => name).sort());
  });
});
