import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchResultErrorEntry, SQS } from '@aws-sdk/client-sqs';
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
import { createBatches } from '../../adapters/queue/sqs/batches.ts';
import { toEntry } from '../../adapters/queue/sqs/message.ts';
import { openSqsQueue } from '../../adapters/queue/sqs/queue.ts';
import { decodeText, encodeText } from '../../adapters/queue/sqs/text.ts';
import { delaySeconds, earlyReceives, visibilitySeconds } from '../../adapters/queue/sqs/times.ts';
import { parseSqsUrl } from '../../adapters/queue/sqs/url.ts';
import { Fault } from '../../core/fault.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freePort } from '../support/free-port.ts';
import { killHolder } from '../support/kill-holder.ts';
import { type SqsServer, startSqs } from '../support/sqs-server.ts';
import { queueContract } from './queue-contract.ts';

/** Another server than the tests' own, as in `LANDFALL_TEST_SQS='sqs:test?region=eu-central-1'`. */
const elsewhere = process.env.LANDFALL_TEST_SQS;
const never = new AbortController().signal;
const LONG = 120_000;
const HOUR = 3_600_000;
const VALIDATE = pipeline.validate.queue;

let server: SqsServer | undefined;
let url: string;
beforeAll(async () => {
  if (elsewhere) {
    url = elsewhere;
    return;
  }
  server = await startSqs();
  url = `sqs:test?endpoint=${server.endpoint}`;
});
afterAll(async () => {
  await server?.kill();
});

/** A place of its own within the server: queues that nobody else has. */
function newPlace() {
  const { prefix, ...rest } = parseSqsUrl(url);
  return { ...rest, prefix: `${prefix}-${randomUUID()}`, create: true };
}

async function removeQueues({ prefix, ...how }: ReturnType<typeof newPlace>): Promise<void> {
  const sqs = client(how);
  const { QueueUrls = [] } = await sqs.listQueues({ QueueNamePrefix: prefix });
  await Promise.all(QueueUrls.map((QueueUrl) => sqs.deleteQueue({ QueueUrl })));
  sqs.destroy();
}

const client = ({ endpoint, region = 'us-east-1' }: { endpoint?: string; region?: string }) =>
  new SQS({ region, ...(endpoint === undefined ? {} : { endpoint }) });

queueContract(
  'sqs',
  async () => {
    const place = newPlace();
    return { open: () => openSqsQueue(place), remove: () => removeQueues(place) };
  },
  1_000,
);

describe('one queue on SQS', () => {
  let place: ReturnType<typeof newPlace>;
  let queue: Queue;
  beforeEach(async () => {
    place = newPlace();
    queue = await openSqsQueue(place);
  });
  afterEach(async () => {
    await queue.close();
    await removeQueues(place);
  });
  const receive = (max: number, waitMs: number) =>
    queue.receive(VALIDATE, { max, waitMs, visibilityMs: LONG }, never);
  /** The same queue, past the adapter. */
  const raw = async () => {
    const sqs = client(place);
    const { QueueUrl } = await sqs.getQueueUrl({ QueueName: `${place.prefix}-${VALIDATE}` });
    return { sqs, QueueUrl: QueueUrl! };
  };

  test('more than SQS takes in one request: thirty of the largest messages', async () => {
    const bodies = Array.from({ length: 30 }, (_, index) => String(index).padStart(256 * 1024, '\u0000'));
    await queue.send(
      VALIDATE,
      bodies.map((body) => ({ body })),
    );
    const got = new Set<string>();
    while (got.size < bodies.length) {
      const deliveries = await receive(10, LONG);
      for (const { body } of deliveries) got.add(body);
      await Promise.all(deliveries.map((delivery) => delivery.ack()));
    }
    expect(bodies.every((body) => got.has(body))).toBe(true);
    expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
  });

  describe.skipIf(elsewhere !== undefined)('fetching ahead', () => {
    const MANY = 60;
    /** The queue past a proxy that sees its requests. */
    let proxy: FaultProxy;
    let watched: Queue;
    const sendMany = async (): Promise<void> => {
      proxy = await startFaultProxy(place.endpoint!);
      watched = await openSqsQueue({ ...place, endpoint: proxy.url });
      onTestFinished(async () => {
        await watched.close();
        await proxy.close();
      });
      const bodies = Array.from({ length: MANY }, (_, index) => ({ body: String(index) }));
      await queue.send(VALIDATE, bodies);
    };

    /** By the only clock that tells what is quick: a busy machine does nothing quickly. */
    const stopTheClock = (): void => {
      const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
      onTestFinished(() => now.mockRestore());
    };

    const receives = () =>
      proxy.seen.filter(({ headers }) => headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage').length;

    const doOnes = async (count: number, visibilityMs = LONG): Promise<Set<string>> => {
      const got = new Set<string>();
      while (got.size < count) {
        const wanted = { max: 1, waitMs: LONG, visibilityMs };
        for (const delivery of await watched.receive(VALIDATE, wanted, never)) {
          got.add(delivery.body);
          await delivery.ack();
        }
      }
      return got;
    };

    test('whoever takes quick messages one by one asks for many at once', async () => {
      await sendMany();
      stopTheClock();
      expect((await doOnes(MANY)).size).toBe(MANY);
      expect(receives()).toBeLessThan(MANY / 2);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    test('what was not taken is given back when the consumer goes', async () => {
      await sendMany();
      stopTheClock();
      const got = await doOnes(MANY - 25);
      await watched.close();
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 25, inFlight: 0, dead: 0 });
      while (got.size < MANY) for (const { body } of await receive(10, LONG)) got.add(body);
    });

    test('and when it takes no more', async () => {
      const visibilityMs = 30_000;
      await sendMany();
      stopTheClock();
      await doOnes(MANY - 25, visibilityMs);
      const givenBack = async (): Promise<void> =>
        expect(await queue.depth(VALIDATE)).toEqual({ waiting: 25, inFlight: 0, dead: 0 });
      // Without being given back they would come after their visibility timeout.
      await vi.waitFor(givenBack, { timeout: visibilityMs - 5_000, interval: 200 });
    });

    test('behind slow work nothing is fetched ahead', async () => {
      await sendMany();
      await doOnes(9);
      await sleep(100);
      expect(receives()).toBe(9);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: MANY - 9, inFlight: 0, dead: 0 });
    });
  });

  test('a message that comes before its time, as after a delay of hours, is hidden again', async () => {
    const { sqs, QueueUrl } = await raw();
    const notBefore = Date.now() + 8_000;
    await sqs.sendMessage({
      QueueUrl,
      MessageBody: 'later',
      MessageAttributes: { notBefore: { DataType: 'String', StringValue: String(notBefore) } },
    });
    expect(await receive(10, 1_000)).toEqual([]);
    const [delivery] = await receive(10, LONG);
    expect(delivery!.body).toBe('later');
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore);
    sqs.destroy();
  });

  test('a poll that its receiver left gives back what it brings when nobody takes it over', async () => {
    const controller = new AbortController();
    const waiting = queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: LONG }, controller.signal);
    await sleep(200);
    controller.abort();
    expect(await waiting).toEqual([]);
    await queue.send(VALIDATE, [{ body: 'for another' }]);
    const other = await openSqsQueue(place);
    const [delivery] = await other.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: LONG }, never);
    expect(delivery!.body).toBe('for another');
    await other.close();
  });

  test('a poll that was taken over gives no more than is asked now, for as long as is asked now', async () => {
    /** Longer than a busy machine stands still, and far less than what was asked before. */
    const NEXT_MS = 5_000;
    const controller = new AbortController();
    const waiting = queue.receive(VALIDATE, { max: 10, waitMs: LONG, visibilityMs: LONG }, controller.signal);
    await sleep(200);
    controller.abort();
    await waiting;
    const next = queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: NEXT_MS }, never);
    await queue.send(
      VALIDATE,
      ['a', 'b', 'c'].map((body) => ({ body })),
    );
    expect(await next).toHaveLength(1);
    expect(await queue.depth(VALIDATE)).toMatchObject({ waiting: 2, inFlight: 1 });
    await sleep(NEXT_MS + 1_000);
    const got = await receive(10, LONG);
    while (got.length < 3) got.push(...(await receive(10, LONG)));
    expect(got).toHaveLength(3);
  });

  test('what a killed consumer had in hand comes back, and counts as an attempt', async () => {
    await queue.send(VALIDATE, [{ body: 'held' }]);
    const { prefix, endpoint, region } = place;
    const query = new URLSearchParams({ ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) });
    expect(await killHolder(`sqs:${prefix}?${query}`, VALIDATE, 2_000)).toBe('held');
    const [delivery] = await receive(1, LONG);
    expect([delivery!.body, delivery!.attempt]).toEqual(['held', 2]);
  });

  test('after its time the holder does nothing, though SQS would still take the handle', async () => {
    await queue.send(VALIDATE, [{ body: 'slow' }]);
    const [slow] = await queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: 1_000 }, never);
    await sleep(1_100);
    await slow!.bury('late');
    await slow!.extend(LONG);
    await slow!.ack();
    expect(await queue.deadLetters(VALIDATE)).toEqual([]);
    expect((await receive(1, LONG))[0]!.attempt).toBe(2);
  });

  test('what SQS itself moved to the dead letters is listed and redriven', async () => {
    const { sqs } = await raw();
    const { QueueUrl } = await sqs.getQueueUrl({ QueueName: `${place.prefix}-${VALIDATE}-dead` });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'poison' });
    const [letter] = await queue.deadLetters(VALIDATE);
    expect(letter).toMatchObject({ body: 'poison', reason: expect.stringContaining('SQS moved it') });
    expect(await queue.redrive(VALIDATE, [letter!.id])).toBe(1);
    expect((await receive(1, LONG))[0]!.body).toBe('poison');
    sqs.destroy();
  });

  test('a queue that is missing is named', async () => {
    const { prefix } = newPlace();
    const opening = openSqsQueue({ ...place, prefix, create: false });
    await expect(opening).rejects.toMatchObject({ code: 'queue-down' });
    await expect(opening).rejects.toThrow(`${prefix}-`);
  });

  test('a queue that the pipeline has not is refused', async () => {
    await expect(queue.send('unheard-of', [{ body: 'x' }])).rejects.toMatchObject({ code: 'bad-argument' });
  });

  test('a queue deleted under it is queue-down, with a hint', async () => {
    const { sqs, QueueUrl } = await raw();
    await sqs.deleteQueue({ QueueUrl });
    sqs.destroy();
    const sending = queue.send(VALIDATE, [{ body: 'x' }]);
    await expect(sending).rejects.toMatchObject({
      code: 'queue-down',
      cause: { message: 'there is no such queue' },
    });
  });
});

describe.skipIf(elsewhere !== undefined)('a server that goes away', () => {
  test('is queue-down within the limits, and works again when it is back', async () => {
    const port = await freePort();
    const first = await startSqs(port);
    const place = { prefix: 'gone', create: true, groups: false, endpoint: first.endpoint };
    const queue = await openSqsQueue(place);
    const waiting = queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: LONG }, never);
    await first.kill();
    await expect(waiting).rejects.toMatchObject({ code: 'queue-down' });
    await expect(queue.send(VALIDATE, [{ body: 'x' }])).rejects.toMatchObject({ code: 'queue-down' });
    await expect(queue.depth(VALIDATE)).rejects.toMatchObject({ code: 'queue-down' });
    await expect(openSqsQueue(place)).rejects.toMatchObject({ code: 'queue-down' });

    const second = await startSqs(port);
    // Its memory went with it.
    await (await openSqsQueue(place)).close();
    await queue.send(VALIDATE, [{ body: 'back' }]);
    const [delivery] = await queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: LONG }, never);
    expect(delivery!.body).toBe('back');
    await queue.close();
    await second.kill();
  });
});

describe('what needs no server', () => {
  test.each([
    ['sqs:landfall', { prefix: 'landfall', create: false, groups: true }],
    ['sqs:?region=eu-central-1', { prefix: '', region: 'eu-central-1', create: false, groups: true }],
    [
      'sqs:a?endpoint=http://127.0.0.1:4566&create=true',
      { prefix: 'a', endpoint: 'http://127.0.0.1:4566', create: true, groups: false },
    ],
    [
      'sqs:a?endpoint=https://sqs.example&groups=true',
      { prefix: 'a', endpoint: 'https://sqs.example', create: false, groups: true },
    ],
  ])('%s is read', (text, place) => {
    expect(parseSqsUrl(text)).toEqual(place);
  });

  test.each([
    ['redis://x', 'no SQS URL'],
    ['sqs://host/x', 'no prefix'],
    ['sqs:a/b', 'no prefix'],
    [`sqs:${'a'.repeat(61)}`, 'no prefix'],
    ['sqs:a?endpoint=127.0.0.1:4566', 'no http: or https: URL'],
    ['sqs:a?create=yes', 'create is true or false'],
    ['sqs:a?colour=red', 'no parameter "colour"'],
    ['sqs:a#b', 'no "#"'],
  ])('%s is refused in words', (text, words) => {
    expect(() => parseSqsUrl(text)).toThrow(words);
    expect(() => parseSqsUrl(text)).toThrow(Fault);
  });

  test('texts that SQS takes go as they are, others are encoded', () => {
    expect(encodeText('{"a":"ä\\u0001"}')).toBe('{"a":"ä\\u0001"}');
    for (const text of ['', '\u0000', '😀', 'data:;base64,AAAA', '\ufffe']) {
      expect(encodeText(text)).toMatch(/^data:;base64,/);
      expect(decodeText(encodeText(text))).toBe(text);
    }
  });

  test("times are within SQS's limits and never early", () => {
    expect([0, -5, 1, 1_000, 1_001, 900_000, 5_000_000].map(delaySeconds)).toEqual([0, 0, 1, 1, 2, 900, 900]);
    expect([0, 1, 43_200_000, 99_000_000].map((ms) => visibilitySeconds(ms))).toEqual([0, 1, 43_200, 43_200]);
    expect(visibilitySeconds(43_200_000, 1_500)).toBe(43_198);
    expect(visibilitySeconds(1_000, 50_000_000)).toBe(0);
  });

  test('a delay longer than SQS has one goes with the message', () => {
    const before = Date.now();
    const entry = toEntry({ body: 'x', delayMs: 5 * HOUR }, false);
    expect(entry.DelaySeconds).toBe(900);
    const notBefore = Number(entry.MessageAttributes?.notBefore?.StringValue);
    expect(notBefore).toBeGreaterThanOrEqual(before + 5 * HOUR);
    expect(toEntry({ body: 'x', delayMs: HOUR / 4 }, false)).toEqual({ MessageBody: 'x', DelaySeconds: 900 });
  });

  test('groups go along where the server takes them, hashed where SQS has no such names', () => {
    expect(toEntry({ body: 'x', group: 'acme' }, true).MessageGroupId).toBe('acme');
    expect(toEntry({ body: 'x', group: 'ä b' }, true).MessageGroupId).toMatch(/^[0-9a-f]{64}$/);
    expect(toEntry({ body: 'x', group: 'acme' }, false)).toEqual({ MessageBody: 'x' });
    expect(toEntry({ body: 'x', group: '' }, true)).toEqual({ MessageBody: 'x' });
  });

  test('what SQS fails of a batch by its own fault is asked again, the rest is raised for its message alone', async () => {
    const requests: string[][] = [];
    const batches = createBatches<string>(async (entries) => {
      requests.push([...entries]);
      return entries.flatMap((entry, index): BatchResultErrorEntry[] => {
        if (entry === 'bad')
          return [{ Id: String(index), SenderFault: true, Code: 'InvalidMessageContents' }];
        const isLate = entry === 'late' && requests.length < 3;
        return isLate ? [{ Id: String(index), SenderFault: false, Code: 'InternalError' }] : [];
      });
    });
    const added = await Promise.allSettled(['good', 'bad', 'late'].map((entry) => batches.add(entry, 1)));
    expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(added[1]).toMatchObject({ reason: { code: 'bad-argument' } });
    expect(requests).toEqual([['good', 'bad', 'late'], ['late'], ['late']]);
  });

  test('a message that SQS fails again and again is raised', async () => {
    const failed = { Id: '0', SenderFault: false, Code: 'InternalError', Message: 'no luck' };
    const batches = createBatches<string>(async () => [failed]);
    await expect(batches.add('x', 1)).rejects.toMatchObject({
      code: 'queue-down',
      cause: { message: 'no luck' },
    });
  });

  test('requests hold ten messages and a mebibyte at most', async () => {
    const sizes: number[] = [];
    const batches = createBatches<string>(async ({ length }) => {
      sizes.push(length);
      return [];
    });
    await Promise.all(Array.from({ length: 25 }, () => batches.add('x', 1)));
    expect(sizes).toEqual([10, 10, 5]);
    sizes.length = 0;
    await Promise.all(Array.from({ length: 4 }, () => batches.add('x', 400_000)));
    expect(sizes).toEqual([2, 2]);
    await batches.close();
    await expect(batches.add('x', 1)).rejects.toMatchObject({ code: 'queue-down' });
  });

  test('receiving a message too early is no attempt', () => {
    expect(earlyReceives(0, 0)).toBe(0);
    expect(earlyReceives(0, HOUR)).toBe(1);
    expect(earlyReceives(0, 12.25 * HOUR)).toBe(1);
    expect(earlyReceives(0, 24 * HOUR)).toBe(2);
  });
});
