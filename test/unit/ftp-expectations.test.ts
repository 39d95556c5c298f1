import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createExpectations,
  type Expectation,
  type Expectations,
  LATE_MS,
} from '../../services/ftp/data/expectations.ts';
import type { Origins } from '../../services/ftp/data/origins.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;
const only = (client: string): Origins => ({ client, others: [] });
const known = (client: string, ...others: string[]): Origins => ({ client, others });

interface Expected extends Expectation<string> {
  readonly got: string[];
}
const expectation = (origins: Origins): Expected => {
  const got: string[] = [];
  return { origins, got, take: (connection) => void got.push(connection) };
};
const add = async (table: Expectations<string>, origins: Origins) => {
  const expected = expectation(origins);
  return { expected, port: await table.add(expected, never) };
};
const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('expected data connections', () => {
  it('are known by port and address', async () => {
    const table = createExpectations<string>([1, 2]);
    const [one, two] = [await add(table, only('10.0.0.1')), await add(table, only('10.0.0.1'))];
    const other = await add(table, only('10.0.0.2'));
    expect(one.port).not.toBe(two.port);
    expect(table.arrive('for two', two.port, '10.0.0.1')).toBe('taken');
    expect(table.arrive('for other', other.port, '10.0.0.2')).toBe('taken');
    expect(table.arrive('for one', one.port, '10.0.0.1')).toBe('taken');
    expect([one, two, other].map(({ expected }) => expected.got)).toEqual([
      ['for one'],
      ['for two'],
      ['for other'],
    ]);
  });

  it('are expected once, and by nobody else', async () => {
    const table = createExpectations<string>([1]);
    const { port } = await add(table, only('10.0.0.1'));
    expect(table.arrive('', port, '10.0.0.2')).toBe('unexpected');
    expect(table.arrive('', 2, '10.0.0.1')).toBe('unexpected');
    expect(table.arrive('', port, '10.0.0.1')).toBe('taken');
    expect(table.arrive('', port, '10.0.0.1')).toBe('unexpected');
  });

  it('that were withdrawn are late for a while, in which nobody else has their place', async () => {
    const table = createExpectations<string>([1]);
    const { expected } = await add(table, only('10.0.0.1'));
    table.withdraw(expected);
    expect(table.arrive('', 1, '10.0.0.1')).toBe('late');
    expect(expected.got).toEqual([]);
    const next = add(table, only('10.0.0.1'));
    await passes(LATE_MS - 1);
    expect(table.arrive('', 1, '10.0.0.1')).toBe('late');
    await passes(1);
    const { port, expected: second } = await next;
    expect(table.arrive('second', port, '10.0.0.1')).toBe('taken');
    expect(second.got).toEqual(['second']);
  });

  it('wait in order while all ports are taken, but only for those of their own address', async () => {
    const table = createExpectations<string>([1, 2]);
    const held = [await add(table, only('10.0.0.1')), await add(table, only('10.0.0.1'))];
    const order: number[] = [];
    for (const number of [1, 2, 3]) {
      add(table, only('10.0.0.1')).then(() => order.push(number));
    }
    await add(table, only('10.0.0.2'));
    for (const { port } of held) {
      table.arrive('', port, '10.0.0.1');
      await passes(0);
    }
    expect(order).toEqual([1, 2]);
  });

  it('of who leaves the queue take no place in it', async () => {
    const table = createExpectations<string>([1]);
    const { port } = await add(table, only('10.0.0.1'));
    const leaving = new AbortController();
    const left = table.add(expectation(only('10.0.0.1')), leaving.signal);
    const next = add(table, only('10.0.0.1'));
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    table.arrive('', port, '10.0.0.1');
    expect((await next).port).toBe(1);
    await expect(table.add(expectation(only('10.0.0.9')), leaving.signal)).rejects.toThrow('gone');
  });

  it('may come from any address of a partner that has several', async () => {
    const table = createExpectations<string>([1]);
    const origins = known('10.0.0.1', '10.0.7.0/24', '2001:db8::/64', '10.0.9.9');
    for (const from of ['10.0.0.1', '10.0.7.255', '2001:db8::5', '10.0.9.9']) {
      const { port, expected } = await add(table, origins);
      expect(table.arrive('stranger', port, '10.0.8.1')).toBe('unexpected');
      expect(table.arrive(from, port, from)).toBe('taken');
      expect(expected.got).toEqual([from]);
    }
  });

  it.each([
    ['one network', known('10.0.0.1', '10.0.7.0/24'), known('10.0.0.2', '10.0.7.0/24')],
    ['a network in the other', known('10.0.0.1', '10.0.7.128/25'), known('10.0.0.2', '10.0.0.0/16')],
    ['an address in a network', known('10.0.0.1', '10.0.7.0/24'), only('10.0.7.3')],
    ['IPv6', known('10.0.0.1', '2001:db8::/32'), known('10.0.0.2', '2001:db8:1::7')],
  ])('never share a port where an address might be of both: %s', async (_name, one, other) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      const table = createExpectations<string>([1]);
      const { port } = await add(table, first);
      let placed = false;
      const waiting = add(table, second).then(() => {
        placed = true;
      });
      await passes(0);
      expect(placed).toBe(false);
      table.arrive('', port, first.client);
      await waiting;
    }
  });

  it('never have two for one connection, nor a free port and somebody waiting for it', async () => {
    const clients = ['10.0.0.1', '10.0.0.2', '10.0.7.1', '10.0.7.2'];
    const kinds = [...clients.map(only), known('10.0.0.1', '10.0.7.0/24'), known('10.0.9.1', '10.0.0.2')];
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), kind: fc.nat(kinds.length - 1) }),
      fc.record({
        do: fc.constant('arrive' as const),
        port: fc.integer({ min: 1, max: 3 }),
        from: fc.nat(3),
      }),
      fc.record({ do: fc.constant('withdraw' as const), which: fc.nat() }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat(LATE_MS) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const table = createExpectations<string>([1, 2, 3]);
        const all: { expected: Expected; port: number | undefined }[] = [];
        for (const [index, one] of steps.entries()) {
          if (one.do === 'add') {
            const entry: (typeof all)[number] = { expected: expectation(kinds[one.kind]!), port: undefined };
            all.push(entry);
            table.add(entry.expected, never).then((port) => {
              entry.port = port;
            });
          } else if (one.do === 'arrive') {
            const name = `connection ${index}`;
            const from = clients[one.from]!;
            const arrived = table.arrive(name, one.port, from);
            const takers = all.filter(({ expected }) => expected.got.includes(name));
            expect(takers).toHaveLength(arrived === 'taken' ? 1 : 0);
            for (const { port } of takers) expect(port).toBe(one.port);
          } else if (one.do === 'withdraw') {
            const placed = all.filter(({ port }) => port !== undefined);
            if (placed.length > 0) table.withdraw(placed[one.which % placed.length]!.expected);
          } else await passes(one.ms);
          await passes(0);
        }
        // Whoever has a port may still come, and then all the others do.
        for (let left = all.length; left > 0; left -= 1) {
          for (const { expected, port } of all) {
            if (port !== undefined) table.arrive('end', port, expected.origins.client);
          }
          await passes(LATE_MS);
        }
        for (const { expected, port } of all) {
          expect(port).toBeDefined();
          expect(expected.got.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });
});
