import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createOwnExpectations } from '../../adapters/fleet/own-expectations.ts';
import { doOverlap } from '../../core/addresses.ts';
import type { Expectations } from '../../core/ports/expectations.ts';
import { LATE_MS } from '../../services/ftp/data/expectations.ts';
import { namesOf, type Origins } from '../../services/ftp/data/origins.ts';
import { createToldExpectations } from '../../services/ftp/data/told-expectations.ts';
import { createAwaited } from '../../services/ftp/relay/awaited.ts';
import { quietLog } from '../support/quiet-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const PORTS = [1, 2];
const LISTENERS = [0, 1, 2];
/** So long that nothing is forgotten for its age. */
const DATA_MS = 3_600_000;
const NETWORKS = ['10.0.7.0/24', '10.0.0.0/16'];
const dataAddressesOf = (one: string) => NETWORKS.filter((rule) => doOverlap(one, rule));
const kinds: readonly Origins[] = [
  { client: '10.0.7.1', others: [] },
  { client: '192.0.2.1', others: [] },
  { client: '192.0.2.1', others: ['10.0.7.0/24'] },
  { client: '192.0.2.2', others: ['10.0.0.0/16', '192.0.2.1'] },
];
const sources = ['10.0.7.1', '10.0.3.3', '192.0.2.1', '192.0.2.2'];
const isSourceOf = (origins: Origins, from: string) => namesOf(origins).some((name) => doOverlap(from, name));
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const never = new AbortController().signal;

/** Several listeners, and a fleet whose answers come when they come. */
function start(delayMs: () => number) {
  const own = createOwnExpectations();
  const shared: Expectations = {
    mayPut: () => true,
    async put(...words) {
      await wait(delayMs());
      const isPut = await own.put(...words);
      await wait(delayMs());
      return isPut;
    },
    async take(at) {
      await wait(delayMs() / 4);
      return own.take(at);
    },
    async withdraw(...words) {
      await wait(delayMs());
      await own.withdraw(...words);
    },
  };
  const listeners = LISTENERS.map((number) => {
    const forMs = DATA_MS + LATE_MS;
    const about = {
      address: `listener:${number}`,
      forMs,
      log: quietLog,
      expectations: shared,
      dataAddressesOf,
    };
    const awaited = createAwaited(about);
    return { awaited, table: createToldExpectations<string>(PORTS, awaited) };
  });
  /** A connection that the balancer sends there. */
  const arrive = async (name: string, at: number, port: number, from: string): Promise<void> => {
    if (listeners[at]!.table.arrive(name, port, from) !== 'unexpected') return;
    for (const client of namesOf({ client: from, others: dataAddressesOf(from) })) {
      const who = await shared.take({ port, client });
      if (!who) continue;
      const owner = listeners[Number(who.address.split(':')[1])]!;
      await wait(delayMs() / 4);
      if (owner.awaited.tokenOf({ port, client }) === who.token) owner.table.arrive(name, port, from);
      return;
    }
  };
  return { listeners, arrive, left: () => [...own.all()].length };
}

const added = fc.record({ do: fc.constant('add' as const), at: fc.nat(2), kind: fc.nat(kinds.length - 1) });
const dialled = fc.record({
  do: fc.constant('dial' as const),
  which: fc.nat(),
  from: fc.nat(3),
  at: fc.nat(2),
  ms: fc.nat(1_000),
});
const withdrawn = fc.record({ do: fc.constant('withdraw' as const), which: fc.nat() });
const passed = fc.record({ do: fc.constant('pass' as const), ms: fc.nat(3_000) });
const step = fc.oneof(
  { weight: 3, arbitrary: added },
  { weight: 3, arbitrary: dialled },
  { weight: 1, arbitrary: withdrawn },
  { weight: 4, arbitrary: passed },
);

it('a connection is of its own session or of nobody, whatever listener it comes to, and nothing is left behind', async () => {
  let taken = 0;
  const run = async (
    steps: readonly (typeof step extends fc.Arbitrary<infer One> ? One : never)[],
    delays: number[],
  ) => {
    let turn = 0;
    const { listeners, arrive, left } = start(() => delays[turn++ % delays.length]!);
    const all: {
      name: string;
      at: number;
      port?: number;
      isOver: boolean;
      got: string[];
      withdraw(): void;
      origins: Origins;
    }[] = [];
    const of = (which: number) => {
      const open = all.filter(({ port, isOver }) => port !== undefined && !isOver);
      return open[which % Math.max(1, open.length)];
    };
    for (const one of steps) {
      if (one.do === 'add') {
        const { table } = listeners[one.at]!;
        const got: string[] = [];
        const origins = kinds[one.kind]!;
        const expectation = { origins, take: (connection: string) => void got.push(connection) };
        const entry = {
          name: `session ${all.length}`,
          at: one.at,
          isOver: false,
          got,
          origins,
          withdraw: () => table.withdraw(expectation),
        };
        all.push(entry);
        void table.add(expectation, never).then((port) => Object.assign(entry, { port }));
      } else if (one.do === 'dial') {
        const entry = of(one.which);
        if (entry?.port === undefined) continue;
        const possible = sources.filter((address) => isSourceOf(entry.origins, address));
        const from = possible[one.from % possible.length]!;
        entry.isOver = true;
        const { name, port } = entry;
        void wait(one.ms).then(() => arrive(name, one.at, port, from));
        // Its session gives up, now and then, while the connection is on its way.
        if (one.ms % 3 === 0) void wait(one.ms / 2).then(entry.withdraw);
      } else if (one.do === 'withdraw') {
        const entry = of(one.which);
        if (entry) entry.isOver = true;
        entry?.withdraw();
      } else await vi.advanceTimersByTimeAsync(one.ms);
    }
    // Whoever waits has a port in the end, when those who have one go.
    for (let round = 0; round < all.length + 5; round += 1) {
      await vi.advanceTimersByTimeAsync(LATE_MS + 3_000);
      for (const { port, withdraw } of all) if (port !== undefined) withdraw();
    }
    await vi.advanceTimersByTimeAsync(LATE_MS + 3_000);
    for (const { name, got, port } of all) {
      expect(port).toBeDefined();
      expect([[], [name]]).toContainEqual(got);
      taken += got.length;
    }
    expect(left()).toBe(0);
    expect(listeners.map(({ table }) => table.expected())).toEqual([0, 0, 0]);
  };
  const delays = fc.array(fc.nat(1_500), { minLength: 1, maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }), delays, run),
    {
      numRuns: 300,
    },
  );
  // So it was no test of nothing.
  expect(taken).toBeGreaterThan(400);
});
