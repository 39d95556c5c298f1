import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { openBullmqQueue } from '../../adapters/queue/bullmq/queue.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import { Fault } from '../../core/fault.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { freePort } from '../support/free-port.ts';
import { killHolder } from '../support/kill-holder.ts';
import { PATIENCE } from '../support/patience.ts';
import { quietLog } from '../support/quiet-log.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { queueContract } from './queue-contract.ts';

const never = new AbortController().signal;
const LONG = 120_000;
/** Milliseconds: far less than what a call without limits would take. */
const WITHIN_LIMITS = 40_000;
const open = (url: string, log = quietLog) => openBullmqQueue({ ...parseRedisUrl(url), log });

let shared: RedisServer;
beforeAll(async () => {
  shared = await startRedis();
});
afterAll(async () => {
  await shared.remove();
});

/** Where clients dial. It leads to one server, as a name does: connections that are there stay where they are. */
async function openDoor(server: RedisServer) {
  let current = server;
  let refusals = 0;
  let refused = 0;
  const ends = new Set<Socket>();
  const door = createServer((client) => {
    if (refused < refusals) {
      refused += 1;
      client.resetAndDestroy();
      return;
    }
    const onward = connect(Number(new URL(current.url).port), '127.0.0.1');
    for (const end of [client, onward]) {
      ends.add(end);
      end.on('error', () => undefined).on('close', () => ends.delete(end));
    }
    client.pipe(onward).pipe(client);
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void door.close());
  return {
    url: `redis://127.0.0.1:${(door.address() as AddressInfo).port}`,
    lead: (to: RedisServer) => {
      current = to;
    },
    /** Ends all connections, and takes none of the next so many. */
    refuse: (times: number) => {
      refusals = times;
      for (const end of ends) end.destroy();
    },
    get refused() {
      return refused;
    },
  };
}

queueContract(
  'bullmq',
  async () => {
    const url = `${shared.url}?prefix=${randomUUID()}`;
    return { open: () => open(url), remove: async () => undefined };
  },
  500,
);

describe('a Redis that goes away', () => {
  let server: RedisServer;
  let queue: Queue;
  beforeEach(async () => {
    server = await startRedis();
    queue = await open(server.url);
  });
  afterEach(async () => {
    await queue.close();
    await server.remove();
  });
  const send = (body: string) => queue.send('q', [{ body }]);
  const receive = (max: number, waitMs: number, visibilityMs = LONG) =>
    queue.receive('q', { max, waitMs, visibilityMs }, never);

  test('for good: every call is queue-down within its limits, a waiting receive as well', async () => {
    const waiting = receive(1, LONG);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'queue-down' });
    await sleep(300);
    await server.kill();
    const started = performance.now();
    await refused;
    const calls = [send('x'), queue.depth('q'), queue.deadLetters('q'), queue.redrive('q'), receive(1, 0)];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'queue-down' } });
    }
    expect(performance.now() - started).toBeLessThan(WITHIN_LIMITS);
    await expect(open(server.url)).rejects.toMatchObject({ code: 'queue-down' });
  });

  test('for a moment: calls wait for it, and go on', async () => {
    const door = await openDoor(server);
    const visitor = await open(door.url);
    onTestFinished(visitor.close);
    await visitor.send('q', [{ body: 'before' }]);
    // Fewer than it tries: how long a Redis takes to start is another matter.
    door.refuse(4);
    await visitor.send('q', [{ body: 'meanwhile' }]);
    const bodies = [...(await receive(1, LONG)), ...(await receive(1, LONG))].map(({ body }) => body);
    expect(bodies.sort()).toEqual(['before', 'meanwhile']);
    expect(door.refused).toBe(4);
  });

  test('for longer: when it is back, everything works again by itself', async () => {
    await send('before');
    await server.kill();
    await expect(send('in vain')).rejects.toMatchObject({ code: 'queue-down' });
    await server.start();
    const [delivery] = await receive(1, LONG);
    expect(delivery!.body).toBe('before');
    const waiting = receive(1, LONG);
    await sleep(300);
    await send('after');
    expect((await waiting).map(({ body }) => body)).toEqual(['after']);
  });

  test('killed again and again in mid-run: nothing sent is lost, nothing acknowledged comes back', async () => {
    /** Milliseconds: longer than a busy machine stands still, and short enough to be waited for. */
    const HELD_MS = 10_000;
    const sent = new Set<string>();
    const acking = new Set<string>();
    const acked = new Set<string>();
    let stop = false;
    const unlessDown = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'queue-down' });
      }
    };
    const sendOn = async (): Promise<void> => {
      while (!stop) {
        const body = randomUUID();
        await unlessDown(async () => {
          await send(body);
          sent.add(body);
        });
      }
    };
    const consumeOn = async (): Promise<void> => {
      while (!stop) {
        await unlessDown(async () => {
          for (const delivery of await receive(5, 500, HELD_MS)) {
            // At attempt 1 it would be a send that was done twice.
            if (acked.has(delivery.id)) expect(delivery.attempt).toBe(1);
            acking.add(delivery.body);
            await delivery.ack();
            acked.add(delivery.id);
          }
        });
      }
    };
    const running = [sendOn(), sendOn(), sendOn(), consumeOn(), consumeOn()];
    for (let round = 0; round < 4; round += 1) {
      const before = acked.size;
      await vi.waitUntil(() => acked.size > before + 50, PATIENCE);
      await server.kill();
      await sleep(100);
      await server.start();
    }
    stop = true;
    await Promise.all(running);

    const left = new Set<string>();
    for (;;) {
      const got = await receive(50, 500);
      for (const { body } of got) left.add(body);
      await Promise.all(got.map((delivery) => delivery.ack()));
      const { waiting, inFlight } = await queue.depth('q');
      if (waiting + inFlight === 0) break;
    }
    expect([...sent].filter((body) => !left.has(body) && !acking.has(body))).toEqual([]);
  });

  test('silent: queue-down within its limits, and it works again when it speaks again', async () => {
    server.process.kill('SIGSTOP');
    const started = performance.now();
    await expect(send('x')).rejects.toMatchObject({ code: 'queue-down' });
    expect(performance.now() - started).toBeLessThan(WITHIN_LIMITS);
    server.process.kill('SIGCONT');
    await send('back');
    const bodies = (await receive(5, LONG)).map(({ body }) => body);
    while (!bodies.includes('back')) bodies.push(...(await receive(5, LONG)).map(({ body }) => body));
  });
});

const expectDown = (thrown: unknown): false => {
  expect(thrown).toMatchObject({ code: 'queue-down' });
  return false;
};

test('a Redis that became a replica is left for the one that has its name now', async () => {
  const [before, after] = [await startRedis(), await startRedis()];
  onTestFinished(async () => {
    for (const server of [before, after]) await server.remove();
  });
  const door = await openDoor(before);
  const queue = await open(door.url);
  onTestFinished(queue.close);
  await queue.send('q', [{ body: 'before' }]);
  const waiting = queue.receive('q', { max: 1, waitMs: LONG, visibilityMs: LONG }, never);
  await (await waiting)[0]!.ack();

  door.lead(after);
  const old = new Redis(before.url);
  await old.replicaof('127.0.0.1', Number(new URL(after.url).port));
  old.disconnect();
  const sent = () => queue.send('q', [{ body: 'after' }]).then(() => true, expectDown);
  await vi.waitUntil(sent, { ...PATIENCE, interval: 200 });
  const [delivery] = await queue.receive('q', { max: 1, waitMs: LONG, visibilityMs: LONG }, never);
  expect(delivery!.body).toBe('after');
});

describe('consumers and clocks', () => {
  let url: string;
  let queue: Queue;
  beforeEach(async () => {
    url = `${shared.url}?prefix=${randomUUID()}`;
    queue = await open(url);
  });
  afterEach(async () => {
    await queue.close();
  });
  const receive = (max: number, waitMs = LONG) =>
    queue.receive('q', { max, waitMs, visibilityMs: LONG }, never);

  test('what a killed consumer had in hand comes back, and counts as an attempt', async () => {
    await queue.send('q', [{ body: 'held' }]);
    expect(await killHolder(url, 'q', 1_000)).toBe('held');
    const [delivery] = await receive(1);
    expect([delivery!.body, delivery!.attempt]).toEqual(['held', 2]);
  });

  test('any number of killed consumers buries nothing', async () => {
    await queue.send('q', [{ body: 'heavy' }]);
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const [delivery] = await queue.receive('q', { max: 1, waitMs: LONG, visibilityMs: 50 }, never);
      expect(delivery!.attempt).toBe(attempt);
    }
    expect(await queue.depth('q')).toMatchObject({ dead: 0 });
  });

  test('what is given back goes behind what waits', async () => {
    await queue.send('q', [{ body: 'failing' }, { body: 'good' }]);
    const [failing] = await receive(1);
    await failing!.release(0);
    expect((await receive(1))[0]!.body).toBe('good');
  });

  test('a receive of many takes all there is at once', async () => {
    await queue.send(
      'q',
      Array.from({ length: 100 }, (_, index) => ({ body: `${index}` })),
    );
    expect(await receive(70)).toHaveLength(70);
    expect(await receive(70)).toHaveLength(30);
  });

  test('ids of dead letters cannot name other keys', async () => {
    expect(await queue.redrive('q', ['wait', 'meta', '1:lock', ''])).toBe(0);
  });
});

describe('what Redis may lose', () => {
  const openAt = async (settings: string[]) => {
    const server = await startRedis(settings);
    const warn = vi.fn();
    try {
      await (await open(server.url, { ...quietLog, warn })).close();
      return warn.mock.calls.map(([fields]) => fields.loss);
    } finally {
      await server.remove();
    }
  };

  test('one that may evict is refused', async () => {
    await expect(openAt(['--maxmemory-policy', 'allkeys-lru'])).rejects.toThrow(
      /allkeys-lru, and must have noeviction/,
    );
  });

  test('one that writes everything to its disk is taken in silence, any other with a warning', async () => {
    expect(await openAt([])).toEqual([]);
    expect(await openAt(['--appendfsync', 'everysec'])).toEqual([
      expect.stringMatching(/two seconds.*always/),
    ]);
    expect(await openAt(['--appendonly', 'no'])).toEqual([expect.stringMatching(/snapshot/)]);
    expect(await openAt(['--rename-command', 'CONFIG', ''])).toEqual([expect.stringMatching(/last seconds/)]);
  });

  test('one whose memory is full is store-full, and keeps what it has', async () => {
    const server = await startRedis(['--maxmemory', '8mb']);
    onTestFinished(server.remove);
    const queue = await open(server.url);
    onTestFinished(queue.close);
    let sent = 0;
    const fill = async () => {
      for (;;) {
        await queue.send('q', [{ body: 'x'.repeat(256 * 1024) }]);
        sent += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'store-full' });
    expect(sent).toBeGreaterThan(5);
    expect(await queue.depth('q')).toEqual({ waiting: sent, inFlight: 0, dead: 0 });
  });

  test('nobody there is queue-down', async () => {
    const refused = open(`redis://127.0.0.1:${await freePort()}`);
    await expect(refused).rejects.toMatchObject({ code: 'queue-down' });
  });

  test('a password that is wrong is queue-down', async () => {
    const server = await startRedis();
    onTestFinished(server.remove);
    const refused = open(server.url.replace('//', '//nobody:nothing@'));
    await expect(refused).rejects.toMatchObject({ code: 'queue-down' });
  });
});

describe('the URL', () => {
  const place = { host: 'h', port: 6_379, database: 0, tls: false, prefix: 'landfall' };
  test.each([
    ['redis://h', place],
    ['redis://h:7000/3?prefix=a', { ...place, port: 7_000, database: 3, prefix: 'a' }],
    ['rediss://u:p%40ss@h/', { ...place, tls: true, user: 'u', password: 'p@ss' }],
    ['redis://:secret@[::1]:7000', { ...place, host: '::1', port: 7_000, password: 'secret' }],
  ])('%s is read', (text, expected) => {
    expect(parseRedisUrl(text)).toEqual(expected);
  });

  test.each([
    ['sqs:x', 'no Redis URL'],
    ['redis://', 'no Redis URL'],
    ['redis://h/x', 'no number of a database'],
    ['redis://h?colour=red', 'no parameter "colour"'],
    ['redis://h?prefix=a:b', 'no prefix'],
    ['redis://h#x', 'no "#"'],
  ])('%s is refused in words', (text, words) => {
    expect(() => parseRedisUrl(text)).toThrow(words);
    expect(() => parseRedisUrl(text)).toThrow(Fault);
  });
});
