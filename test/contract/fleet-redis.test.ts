import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRedisFleet } from '../../adapters/fleet/redis.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import { startCutProxy } from '../support/cut-proxy.ts';
import { freePort } from '../support/free-port.ts';
import { killWhenItSpeaks } from '../support/kill-holder.ts';
import { PATIENCE } from '../support/patience.ts';
import { quietLog } from '../support/quiet-log.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { fleetContract } from './fleet-contract.ts';

let shared: RedisServer;
beforeAll(async () => {
  shared = await startRedis();
});
afterAll(() => shared.remove());

const passivePorts = { first: 30_000, last: 30_009 };
const ports = Array.from({ length: 10 }, (_, index) => passivePorts.first + index);
/** For which connections are expected in tests of who has which port. */
const EXPECTED_MS = 8_000;
/** For which one is expected in all others, however busy the machine is. */
const LONG_MS = 600_000;

const fleets: Fleet[] = [];
afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
});

/** One listener, with what it has said in the log. */
function listenerAt(url: string) {
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const log = { ...quietLog, info: say, error: say };
  const fleet = createRedisFleet({ ...parseRedisUrl(url), passivePorts, log });
  fleets.push(fleet);
  return { ...fleet, said };
}
const newUrl = () => `${shared.url}?prefix=${randomUUID()}`;
const who = { user: 'u', address: 'a' };
const one = { total: 1 };
const two = { total: 2 };
const place = { port: 30_000, client: '192.0.2.7' };
const here = { address: '10.0.0.1:4000', token: 't' };
const full = { code: 'limit-reached' };
/** At which ports the listener is given a place for the client. */
const portsHad = async ({ expectations }: Fleet, client: string): Promise<number[]> => {
  const had = await Promise.all(ports.map((port) => expectations.put({ port, client }, here, EXPECTED_MS)));
  return ports.filter((_, index) => had[index]);
};
/** Until all have renewed their leases twice, and more: each has its part of the ports, and knows that of the others. */
const settle = () => sleep(7_000);
/** Whether a session comes in, which then goes again. */
const hasRoom = async (fleet: Fleet, limits: object, address = 'a'): Promise<boolean> => {
  try {
    await (await fleet.enter({ address }, limits))();
    return true;
  } catch (thrown) {
    expect(thrown).toMatchObject(full);
    return false;
  }
};

fleetContract('redis', async () =>
  createRedisFleet({ ...parseRedisUrl(newUrl()), passivePorts, log: quietLog }),
);

describe('two listeners', () => {
  test.each([
    ['in all', { address: 'a' }, { total: 2 }],
    ['from one address', { address: 'a' }, { perAddress: 2 }],
    ['of one partner', { partner: 'p' }, { perPartner: 2 }],
  ])('share the limit of sessions %s', async (_which, key, limits) => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    const leave = await first.enter(key, limits);
    await second.enter(key, limits);
    await expect(first.enter(key, limits)).rejects.toMatchObject(full);
    await expect(second.enter(key, limits)).rejects.toMatchObject(full);
    await leave();
    await second.enter(key, limits);
    await expect(first.enter(key, limits)).rejects.toMatchObject(full);
  });

  test('let as many in at once as there is room, together', async () => {
    const url = newUrl();
    const listeners = [listenerAt(url), listenerAt(url)];
    const all = listeners.flatMap((listener) =>
      Array.from({ length: 50 }, () => listener.enter({ address: 'a' }, { total: 7 })),
    );
    expect((await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
  });

  test('know the failed logins at each other, and what a success forgets', async () => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    for (let count = 0; count < 8; count += 1) await first.loginFailed(who, true);
    const delay = await second.loginDelayMs(who);
    // After seven it is the half.
    expect(delay).toBeGreaterThan(16_000);
    expect(delay).toBeLessThanOrEqual(32_000);
    await second.loginFailed(who, false);
    expect(await first.loginDelayMs(who)).toBe(0);
  });

  test('know who logged in at another one, and after all were started again', async () => {
    const url = newUrl();
    const first = listenerAt(url);
    await first.loginFailed(who, false);
    await first.close();
    const second = listenerAt(url);
    expect(await second.hasLoggedIn(who.address)).toBe(true);
    expect(await second.hasLoggedIn('elsewhere')).toBe(false);
  });

  test('see who expects a data connection, and one of them takes it', async () => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    expect(await first.expectations.put(place, here, 10_000)).toBe(true);
    expect(await second.expectations.put(place, { ...here, token: 'u' }, 10_000)).toBe(false);
    expect(await second.expectations.take(place)).toEqual(here);
    expect(await first.expectations.take(place)).toBeUndefined();
    await first.expectations.withdraw(place, here.token);
    expect(await first.expectations.put(place, here, 10_000)).toBe(true);
    await first.expectations.withdraw(place, here.token);
    expect(await second.expectations.take(place)).toBeUndefined();
  });

  test('have the same ticket keys, and make one new key however many ask', async () => {
    const url = newUrl();
    const listeners = [listenerAt(url), listenerAt(url)];
    const ask = async (rotateMs: number) => {
      const all = [...listeners, ...listeners, ...listeners];
      return Promise.all(all.map((listener) => listener.ticketKeys.current(rotateMs)));
    };
    for (const set of await ask(60_000)) expect(set).toEqual(await listeners[0]!.ticketKeys.current(60_000));
    // Longer than a busy machine takes to ask all of them.
    await sleep(4_000);
    for (const set of await ask(3_500)) expect(set.keys).toHaveLength(2);
  });

  test('make a new ticket key when the last one was made by a clock that has been set back since', async () => {
    const url = newUrl();
    const { ticketKeys } = listenerAt(url);
    const first = await ticketKeys.current(60_000);
    const redis = new Redis(shared.url);
    onTestFinished(() => redis.disconnect());
    const key = `${parseRedisUrl(url).prefix}:fleet:ticket-keys`;
    const [, secret] = (await redis.lindex(key, 0))!.split(':');
    await redis.lset(key, 0, `${Date.now() + 50_000}:${secret}`);
    expect((await ticketKeys.current(60_000)).keys).toEqual(first.keys);
    await redis.lset(key, 0, `${Date.now() + 70_000}:${secret}`);
    expect((await ticketKeys.current(60_000)).keys).toHaveLength(2);
  });

  test('know where others that live are reached, and forget a killed one', async () => {
    const url = newUrl();
    const listener = listenerAt(url);
    await listener.listeners.join('10.0.0.1:4000');
    await killWhenItSpeaks('fleet-holder-process.ts', [url, 'a']);
    expect((await listener.listeners.living()).toSorted()).toEqual(['10.0.0.1:4000', 'killed:1']);
    const isForgotten = async () => (await listener.listeners.living()).length === 1;
    await vi.waitUntil(isForgotten, { ...PATIENCE, interval: 200 });
    expect(await listener.listeners.living()).toEqual(['10.0.0.1:4000']);
  });

  test('with other prefixes know nothing of each other', async () => {
    const [first, second] = [listenerAt(newUrl()), listenerAt(newUrl())];
    await first.enter(who, one);
    expect(await hasRoom(second, one)).toBe(true);
  });

  test('one that stops takes its sessions with it', async () => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    await first.enter(who, one);
    expect(await hasRoom(second, one)).toBe(false);
    await first.close();
    expect(await hasRoom(second, one)).toBe(true);
  });

  test("a killed one's sessions are forgotten, a living one's never", async () => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    await first.enter(who, {});
    await killWhenItSpeaks('fleet-holder-process.ts', [url, 'a']);
    expect(await hasRoom(second, two)).toBe(false);
    await vi.waitUntil(() => hasRoom(second, two), { ...PATIENCE, interval: 200 });
    expect(await hasRoom(second, one)).toBe(false);
  });
});

test('Redis remembers a bounded number of failures, and nothing after the last listener', async () => {
  const url = newUrl();
  const listener = listenerAt(url);
  const fail = async (address: string, times: number) => {
    for (let count = 0; count < times; count += 1) await listener.loginFailed({ user: 'u', address }, true);
  };
  await fail('first', 5);
  // In batches for each of which a busy Redis, too, has an answer in time.
  for (let batch = 0; batch < 200; batch += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => fail(`${batch}.${index}`, 1)));
  }
  expect(listener.said).toEqual([]);
  expect(await listener.loginDelayMs({ user: 'u', address: 'first' })).toBe(0);
  await listener.enter(who, {});

  const redis = new Redis(shared.url);
  onTestFinished(() => redis.disconnect());
  const { prefix } = parseRedisUrl(url);
  const keys = await redis.keys(`${prefix}:*`);
  expect(keys).toHaveLength(6);
  expect(await redis.hlen(`${prefix}:fleet:failures:user`)).toBe(20_000);
  expect(await redis.zcard(`${prefix}:fleet:failures:address:last`)).toBe(20_000);
  for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
});

test('a clock of Redis that is set back delays nobody by more than the penalty', async () => {
  const url = newUrl();
  const listener = listenerAt(url);
  const redis = new Redis(shared.url);
  onTestFinished(() => redis.disconnect());
  const hourAhead = async () => {
    for (const key of await redis.keys(`${parseRedisUrl(url).prefix}:*:last`)) {
      for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, 3_600_000, member);
    }
  };
  await listener.loginFailed(who, true);
  await hourAhead();
  expect(await listener.loginDelayMs(who)).toBe(0);
  for (let count = 0; count < 2; count += 1) await listener.loginFailed(who, true);
  await hourAhead();
  expect(await listener.loginDelayMs(who)).toBeLessThanOrEqual(1_000);
  await sleep(1_100);
  expect(await listener.loginDelayMs(who)).toBe(0);
});

test('Redis knows a bounded number of addresses', async () => {
  const url = newUrl();
  const listener = listenerAt(url);
  const redis = new Redis(shared.url);
  onTestFinished(() => redis.disconnect());
  const key = `${parseRedisUrl(url).prefix}:fleet:known`;
  const minutesAgo = (minutes: number) => String(Date.now() - minutes * 60_000);
  const later = Array.from({ length: 19_999 }, (_, index) => [minutesAgo(1), `${index}`]);
  await redis.zadd(key, minutesAgo(2), 'first', ...later.flat());
  expect(await listener.hasLoggedIn('first')).toBe(true);
  await listener.loginFailed({ user: 'u', address: 'last' }, false);
  expect(await redis.zcard(key)).toBe(20_000);
  expect(await listenerAt(url).hasLoggedIn('last')).toBe(true);
  expect(await listenerAt(url).hasLoggedIn('first')).toBe(false);
  expect(await redis.pttl(key)).toBeGreaterThan(30 * 24 * 3_600_000);
});

test('a port is home when what others expected there before has ended', async () => {
  const url = newUrl();
  const first = listenerAt(url);
  const proxy = await startCutProxy(Number(new URL(shared.url).port));
  onTestFinished(proxy.close);
  for (const port of ports) await first.expectations.put({ ...place, port }, here, EXPECTED_MS);
  const second = listenerAt(url.replace(/:\d+/, `:${proxy.port}`));
  await second.listeners.join('second:1');
  proxy.cut();
  expect(await portsHad(second, place.client)).toEqual([]);
  await sleep(EXPECTED_MS);
  expect(await portsHad(second, place.client)).toHaveLength(3);
});

describe('one listener that alone loses Redis, which the others still have', () => {
  test('never expects what another one does, from the cut until it is back', async () => {
    const url = newUrl();
    const proxy = await startCutProxy(Number(new URL(shared.url).port));
    onTestFinished(proxy.close);
    const first = listenerAt(url.replace(/:\d+/, `:${proxy.port}`));
    const others = [listenerAt(url), listenerAt(url)];
    for (const [index, { listeners }] of [first, ...others].entries())
      await listeners.join(`listener:${index}`);
    await settle();

    const expectApart = async (client: string) => {
      const had = await Promise.all([first, ...others].map((one) => portsHad(one, client)));
      expect(new Set(had.flat()).size).toBe(had.flat().length);
      return had;
    };
    const before = await expectApart('before');
    expect(before.flat()).toHaveLength(10);
    proxy.cut();
    const [atHome] = await expectApart('at once');
    expect(first.aloneSince()).toBeDefined();
    expect(atHome).toHaveLength(2);
    // Longer than its lease: the others think it dead.
    await sleep(12_000);
    expect(await others[0]!.listeners.living()).toHaveLength(2);
    const [alone, ...together] = await expectApart('later');
    expect(alone).toEqual(atHome);
    expect(together.flat()).toHaveLength(8);

    const at = { client: 'meanwhile', port: alone![0]! };
    expect(await first.expectations.put(at, here, 60_000)).toBe(true);
    proxy.mend();
    await vi.waitUntil(() => !first.aloneSince(), PATIENCE);
    expect(await others[0]!.expectations.take(at)).toEqual(here);
    await expectApart('back');
    // This Redis has forgotten nothing.
    expect((await portsHad(first, 'soon')).length).toBeGreaterThan(2);
    await sleep(EXPECTED_MS);
    expect((await expectApart('settled')).flat()).toHaveLength(10);
    expect(await others[1]!.listeners.living()).toHaveLength(3);
  });

  test('does not keep its home from a newcomer for ever: of those that vanished, the first gives its ports', async () => {
    const url = newUrl();
    const join = async (name: string) => {
      const listener = listenerAt(url);
      await listener.listeners.join(name);
      return listener;
    };
    const redis = new Redis(shared.url);
    onTestFinished(() => redis.disconnect());
    const homes = async () => Object.values(await redis.hgetall(`${parseRedisUrl(url).prefix}:fleet:homes`));
    // Of ten that were killed one after the other.
    for (let count = 0; count < 10; count += 1) {
      const vanished = await join(`vanished:${count}`);
      await fleets.pop()!.close();
      expect(vanished.aloneSince()).toBeUndefined();
      const seen = `${parseRedisUrl(url).prefix}:fleet:homes:seen`;
      await redis.zincrby(seen, -20_000, `vanished:${count}`);
    }
    const living = await join('living:1');
    const own = (await homes()).filter((home) => home.startsWith('living:1 '));
    expect(own).toHaveLength(3);
    expect((await homes()).length).toBeLessThan(10);
    await settle();
    expect((await portsHad(living, 'a')).length).toBeGreaterThanOrEqual(4);
  });
});

test('where there are hardly more ports than listeners, all ports are for all', async () => {
  const url = newUrl();
  const fleet = Array.from({ length: 8 }, () => listenerAt(url));
  for (const [index, { listeners }] of fleet.entries()) await listeners.join(`listener:${index}`);
  await settle();
  for (const [index, one] of fleet.entries()) expect(await portsHad(one, `client ${index}`)).toEqual(ports);
});

describe('a Redis that goes away', () => {
  /** One that has forgotten everything when it comes back. */
  const startForgetful = async (): Promise<RedisServer> => {
    const server = await startRedis(['--appendonly', 'no']);
    onTestFinished(server.remove);
    return server;
  };

  test('killed: each goes on alone and says so once; back: they share again what they have', async () => {
    const server = await startForgetful();
    const [first, second] = [listenerAt(server.url), listenerAt(server.url)];
    const leave = await first.enter(who, two);
    await second.enter(who, two);
    await server.kill();

    expect(await hasRoom(first, one)).toBe(false);
    await first.enter(who, two);
    await second.enter(who, two);
    await leave();
    for (let count = 0; count < 8; count += 1) await first.loginFailed(who, true);
    expect(await first.loginDelayMs(who)).toBeGreaterThan(16_000);
    await second.loginFailed(who, false);
    const alone = expect.stringMatching(/counts sessions alone/);
    await vi.waitUntil(() => second.said.length > 0, PATIENCE);
    expect([first.said, second.said]).toEqual([[alone], [alone]]);

    await server.start();
    const back = expect.stringMatching(/answers again/);
    await vi.waitUntil(() => first.said.length + second.said.length > 3, PATIENCE);
    expect([first.said, second.said]).toEqual([
      [alone, back],
      [alone, back],
    ]);
    // One session of the first and two of the second.
    expect(await hasRoom(first, { total: 3 })).toBe(false);
    expect(await hasRoom(second, { total: 4 })).toBe(true);
  });

  test('killed: expectations, listeners and ticket keys are what each one knows; back: they are shared again', async () => {
    const server = await startForgetful();
    const [first, second] = [listenerAt(server.url), listenerAt(server.url)];
    const early = { ...place, port: 30_001 };
    await first.listeners.join('first:1');
    await second.listeners.join('second:1');
    await settle();
    await first.expectations.put(early, here, 60_000);
    const keys = await first.ticketKeys.current(60_000);
    expect(first.aloneSince()).toBeUndefined();
    const before = Date.now();
    await server.kill();

    expect(await first.expectations.put(place, here, 60_000)).toBe(true);
    expect(await first.expectations.put(place, here, 60_000)).toBe(false);
    expect(await second.expectations.take(place)).toBeUndefined();
    expect(first.aloneSince()!.getTime()).toBeGreaterThanOrEqual(before);
    expect(await first.listeners.living()).toEqual(['first:1']);
    expect(await first.ticketKeys.current(1)).toEqual(keys);
    expect((await second.ticketKeys.current(60_000)).keys).toHaveLength(1);

    await server.start();
    await vi.waitUntil(() => !first.aloneSince() && !second.aloneSince(), PATIENCE);
    expect(await first.ticketKeys.current(60_000)).toEqual(keys);
    expect(await second.ticketKeys.current(60_000)).toEqual(keys);
    expect((await second.listeners.living()).toSorted()).toEqual(['first:1', 'second:1']);
    expect(await second.expectations.take(early)).toEqual(here);
    expect(await second.expectations.take(place)).toEqual(here);
    expect([first.said.length, second.said.length]).toEqual([2, 2]);
  });

  test('killed: no two listeners that knew each other expect a connection at the same place', async () => {
    const server = await startForgetful();
    const fleet = [listenerAt(server.url), listenerAt(server.url), listenerAt(server.url)];
    for (const [index, { listeners }] of fleet.entries()) await listeners.join(`listener:${index}`);
    await settle();
    const before = await Promise.all(fleet.map((one, index) => portsHad(one, `before ${index}`)));
    expect(before.map(({ length }) => length)).toEqual([6, 6, 6]);
    await server.kill();
    const had = await Promise.all(fleet.map((one) => portsHad(one, place.client)));
    expect(had.map(({ length }) => length)).toEqual([2, 2, 2]);
    expect(new Set(had.flat()).size).toBe(6);

    // It has forgotten everything, and what each expected before may still come.
    await server.start();
    await vi.waitUntil(() => fleet.every((one) => !one.aloneSince()), PATIENCE);
    const back = await Promise.all(fleet.map((one) => portsHad(one, 'back')));
    expect(back).toEqual(had);
    await sleep(EXPECTED_MS);
    const after = await Promise.all(fleet.map((one, index) => portsHad(one, `after ${index}`)));
    expect(after.map(({ length }) => length)).toEqual([6, 6, 6]);
  });

  test('killed and back: what is expected while the rest is written again is shared, too', async () => {
    const server = await startForgetful();
    const [first, second] = [listenerAt(server.url), listenerAt(server.url)];
    await first.expectations.put(place, here, 60_000);
    await second.expectations.take({ ...place, port: 1 });
    await server.kill();
    const clients = Array.from({ length: 3_000 }, (_, index) => `before ${index}`);
    for (const client of clients) await first.expectations.put({ port: 1, client }, here, LONG_MS);
    await server.start();
    while (first.aloneSince()) {
      const client = `meanwhile ${clients.length}`;
      await first.expectations.put({ port: 1, client }, here, LONG_MS);
      clients.push(client);
      await sleep(1);
    }
    await vi.waitUntil(() => !second.aloneSince(), PATIENCE);
    const lost: string[] = [];
    for (const client of clients) {
      if (!(await second.expectations.take({ port: 1, client }))) lost.push(client);
    }
    expect(lost).toEqual([]);
  });

  test('is there again before anybody missed it: what it has forgotten is shared again', async () => {
    const server = await startForgetful();
    const [first, second] = [listenerAt(server.url), listenerAt(server.url)];
    await first.expectations.put(place, here, LONG_MS);
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const expected = () => redis.keys('*:expected:*');
    expect(await expected()).toHaveLength(1);
    // As if it was started again, in no time.
    await redis.multi([['flushall'], ['client', 'kill', 'type', 'normal']]).exec();
    await vi.waitUntil(async () => (await expected()).length === 1, PATIENCE);
    expect(first.said).toEqual([]);
    expect(await second.expectations.put(place, { ...here, token: 'u' }, LONG_MS)).toBe(false);
    expect(await second.expectations.take(place)).toEqual(here);
  });

  test('silent: the first waits for it, a little, and those after it not at all', async () => {
    const server = await startForgetful();
    const listener = listenerAt(server.url);
    await listener.enter(who, {});
    server.process.kill('SIGSTOP');
    const started = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => listener.enter(who, {})));
    // One after the other they would take two seconds each.
    expect(performance.now() - started).toBeLessThan(20_000);
    const afterwards = performance.now();
    for (let count = 0; count < 50; count += 1) await listener.enter(who, {});
    await listener.loginDelayMs(who);
    expect(performance.now() - afterwards).toBeLessThan(20_000);
    server.process.kill('SIGCONT');
    await vi.waitUntil(() => listener.said.length > 1, PATIENCE);
    const other = listenerAt(server.url);
    expect(await hasRoom(other, { total: 71 })).toBe(false);
    expect(await hasRoom(other, { total: 72 })).toBe(true);
  });

  test('is not asked about sessions that this listener alone has too many of already', async () => {
    const server = await startForgetful();
    const listener = listenerAt(server.url);
    await listener.enter(who, { perAddress: 1 });
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const asked = async () => Number(/^cmdstat_eval:calls=(\d+)/m.exec(await redis.info('commandstats'))![1]);
    const before = await asked();
    for (let count = 0; count < 1_000; count += 1)
      await expect(listener.enter(who, { perAddress: 1 })).rejects.toMatchObject(full);
    // Its renewals may have come in between.
    expect((await asked()) - before).toBeLessThan(100);
  });

  test('never there: alone from the start, said once', async () => {
    const port = await freePort();
    const listener = listenerAt(`redis://127.0.0.1:${port}`);
    await listener.enter(who, one);
    expect(await hasRoom(listener, one)).toBe(false);
    expect(listener.said).toHaveLength(1);
    await listener.close();
    expect(listener.said).toHaveLength(1);
  });

  test('loses its memory without a word: what counts is there again soon', async () => {
    const url = newUrl();
    const [first, second] = [listenerAt(url), listenerAt(url)];
    await first.enter(who, one);
    const redis = new Redis(shared.url);
    onTestFinished(() => redis.disconnect());
    await redis.del(await redis.keys(`${parseRedisUrl(url).prefix}:*`));
    await vi.waitUntil(async () => !(await hasRoom(second, one)), { ...PATIENCE, interval: 100 });
    expect(first.said).toEqual([]);
  });
});
