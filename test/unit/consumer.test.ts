import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Arrival } from '../../core/arrival.ts';
import { encodeEvent, type StageName, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Delivery, Queue } from '../../core/ports/queue.ts';
import type { StagePorts, Stages } from '../../core/stage.ts';
import { type Consumer, type ConsumerOptions, startConsumer } from '../../workers/consumer.ts';
import { acme, type LogLine, openStageLab, type StageLab, stagesWith } from './stage-lab.ts';

const never = new AbortController().signal;
/** Milliseconds: short enough for a test, long enough to be extended in time on a busy machine. */
const VISIBILITY_MS = 2_000;

let lab: StageLab;
let stopping: AbortController;
let consumers: Consumer[];

beforeEach(async () => {
  lab = await openStageLab();
  stopping = new AbortController();
  consumers = [];
});
afterEach(async () => {
  stopping.abort();
  await Promise.all(consumers.map(({ done }) => done));
  await lab.close();
});

const start = (stages: Stages, options: Partial<ConsumerOptions> = {}): Consumer => {
  const consumer = startConsumer({
    stages,
    ports: lab.ports,
    concurrency: 2,
    signal: stopping.signal,
    stopTimeoutMs: 5_000,
    visibilityMs: VISIBILITY_MS,
    ...options,
  });
  consumers.push(consumer);
  return consumer;
};
const stop = async (consumer: Consumer): Promise<void> => {
  stopping.abort();
  await consumer.done;
};
const logged = (message: string): Promise<LogLine> =>
  vi.waitUntil(() => lab.lines.find((line) => line.message === message), { timeout: 8_000, interval: 5 });
const emptied = (stage: StageName) =>
  vi.waitUntil(
    async () => {
      const { waiting, inFlight } = await lab.ports.queue.depth(pipeline[stage].queue);
      return waiting + inFlight === 0;
    },
    { timeout: 8_000, interval: 5 },
  );
const dead = (stage: StageName) => lab.ports.queue.deadLetters(pipeline[stage].queue);
/** The queue with some of its methods replaced. */
const portsWith = (queue: Partial<Queue>): StagePorts => ({
  ...lab.ports,
  queue: { ...lab.ports.queue, ...queue },
});
/** Deliveries that say they were received that often before. */
const asAttempt =
  (attempt: number): Queue['receive'] =>
  async (...parameters) => {
    const deliveries = await lab.ports.queue.receive(...parameters);
    return deliveries.map((delivery): Delivery => ({ ...delivery, attempt: delivery.attempt + attempt - 1 }));
  };

describe('a message', () => {
  test('is taken through all stages, each logged once', async () => {
    const arrival = await lab.arrive();
    start(
      stagesWith({
        validate: async () => ({ result: 'passed', next: [{ stage: 'scan' }] }),
        scan: async () => ({ result: 'passed', next: [{ stage: 'route' }] }),
        route: async () => ({ result: 'routed', next: [{ stage: 'deliver', target: 'erp' }] }),
        deliver: async () => ({ result: 'delivered', details: { place: '/erp/po.x12' } }),
      }),
    );
    await lab.ask('validate', arrival);
    const last = await logged('delivered');
    const { id, partner, feed, path } = arrival;
    expect(last).toMatchObject({ level: 'info', arrival: id, partner, feed, path, stage: 'deliver' });
    expect(last).toMatchObject({ target: 'erp', result: 'delivered', reasons: [], place: '/erp/po.x12' });
    expect(last.tookMs).toEqual(expect.any(Number));
    const messages = lab.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(messages).toEqual(['validated', 'scanned', 'routed', 'delivered']);
    await Promise.all((['validate', 'scan', 'route', 'deliver'] as const).map(emptied));
  });

  test('that comes again after its record is acknowledged, and not logged as done again', async () => {
    const arrival = await lab.arrive();
    let runs = 0;
    start(
      stagesWith({
        validate: async () => {
          runs += 1;
          return { result: 'rejected' };
        },
      }),
    );
    await lab.ask('validate', arrival);
    await logged('rejected');
    await sleep(5);
    await lab.ask('validate', arrival);
    expect((await logged('was done before')).level).toBe('debug');
    await emptied('validate');
    expect(runs).toBe(1);
  });

  test('stays hidden while its stage works for longer than the visibility timeout', async () => {
    const arrival = await lab.arrive();
    let runs = 0;
    start(
      stagesWith({
        validate: async () => {
          runs += 1;
          await sleep(1.5 * VISIBILITY_MS);
          return { result: 'passed' };
        },
      }),
    );
    await lab.ask('validate', arrival);
    await logged('validated');
    await emptied('validate');
    expect(runs).toBe(1);
  });

  test.each([
    ['no JSON at all', '{', /not JSON/],
    ['of an unknown type', '{"type":"landfall.erase"}', /./],
    ['of another stage', undefined, /for scan, and this is validate/],
  ])('%s is buried with the reason, and no stage is begun', async (_what, body, reason) => {
    const begun = vi.fn(async () => ({ result: 'passed' }) as const);
    start({ validate: begun, scan: begun, route: begun, deliver: begun });
    const misled = encodeEvent(stageEvent('scan', await lab.arrive()));
    await lab.ports.queue.send(pipeline.validate.queue, [{ body: body ?? misled }]);
    expect((await logged('buried: no event of this queue')).level).toBe('error');
    await emptied('validate');
    expect((await dead('validate'))[0]!.reason).toMatch(reason);
    expect(begun).not.toHaveBeenCalled();
  });
});

describe('a file that is not published yet', () => {
  test('is waited for within one attempt, holding no slot', async () => {
    const early = await Promise.all(Array.from({ length: 5 }, () => lab.arrive({ published: false })));
    start(stagesWith({}), { concurrency: 1 });
    for (const arrival of early) await lab.ask('validate', arrival);
    await lab.ask('validate', await lab.arrive());
    await logged('validated');
    const { inFlight } = await lab.ports.queue.depth(pipeline.validate.queue);
    expect(inFlight).toBeGreaterThanOrEqual(5);
    for (const arrival of early) lab.store.publish(arrival);
    await emptied('validate');
    expect(lab.lines.filter(({ message }) => message === 'validated')).toHaveLength(6);
    expect(lab.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('is not run twice for being early when it takes longer than the visibility timeout', async () => {
    const arrival = await lab.arrive({ published: false });
    const attempts: number[] = [];
    const receive: Queue['receive'] = async (...parameters) => {
      const deliveries = await lab.ports.queue.receive(...parameters);
      attempts.push(...deliveries.map(({ attempt }) => attempt));
      return deliveries;
    };
    start(stagesWith({}), { ports: portsWith({ receive }) });
    await lab.ask('validate', arrival);
    await sleep(1.5 * VISIBILITY_MS);
    lab.store.publish(arrival);
    await logged('validated');
    expect(attempts).toEqual([1]);
  });

  test('is waited for also when the clock that says when it was sent is hours behind', async () => {
    const arrival = await lab.arrive({ published: false });
    const receive: Queue['receive'] = async (...parameters) =>
      (await lab.ports.queue.receive(...parameters)).map((delivery) => ({
        ...delivery,
        sentAt: new Date(delivery.sentAt.getTime() - 2 * 3_600_000),
      }));
    start(stagesWith({}), { ports: portsWith({ receive }) });
    await lab.ask('validate', arrival);
    await sleep(200);
    lab.store.publish(arrival);
    await logged('validated');
  });

  test('goes back at once when the consumer stops', async () => {
    const arrival = await lab.arrive({ published: false });
    const consumer = start(stagesWith({}));
    await lab.ask('validate', arrival);
    await vi.waitUntil(async () => (await lab.ports.queue.depth('validate')).inFlight === 1);
    await stop(consumer);
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });
});

describe('a stage that throws', () => {
  test('a fault to retry is held, and done at a later attempt', async () => {
    const arrival = await lab.arrive();
    let runs = 0;
    start(
      stagesWith({
        scan: async () => {
          runs += 1;
          if (runs === 1) throw new Fault('scanner-down', 'no verdict', { cause: new Error('ECONNREFUSED') });
          return { result: 'passed' };
        },
      }),
    );
    await lab.ask('scan', arrival);
    const held = await logged('held, to be tried again');
    expect(held).toMatchObject({ level: 'warn', result: 'held', attempt: 1, retryInMs: expect.any(Number) });
    expect(held).toMatchObject({ reasons: [{ code: 'scanner-down' }], cause: { message: 'ECONNREFUSED' } });
    await logged('scanned');
    expect(runs).toBe(2);
  });

  test('a fault that stays is buried, and runs after a redrive', async () => {
    const arrival = await lab.arrive();
    lab.partners.clear();
    start(stagesWith({}));
    await lab.ask('validate', arrival);
    const line = await logged('given up: its message is a dead letter');
    expect(line).toMatchObject({ level: 'error', result: 'failed', reasons: [{ code: 'not-found' }] });
    await emptied('validate');
    expect((await dead('validate'))[0]!.reason).toMatch(/no partner "acme" any more/);
    lab.partners.set('acme', acme);
    expect(await lab.ports.queue.redrive('validate')).toBe(1);
    await logged('validated');
  });

  test('a fault to retry is buried at the last attempt', async () => {
    const arrival = await lab.arrive();
    const down = stagesWith({ validate: () => Promise.reject(new Fault('store-down')) });
    start(down, { ports: portsWith({ receive: asAttempt(pipeline.validate.attempts) }) });
    await lab.ask('validate', arrival);
    await logged('given up: its message is a dead letter');
    await emptied('validate');
    expect(await dead('validate')).toHaveLength(1);
  });

  test('a message that has ended no attempt so far is buried before it is begun', async () => {
    const arrival = await lab.arrive();
    const begun = vi.fn(async () => ({ result: 'passed' }) as const);
    const receive = asAttempt(pipeline.deliver.attempts + 1);
    start(stagesWith({ deliver: begun }), { ports: portsWith({ receive }) });
    await lab.ask('deliver', arrival);
    await emptied('deliver');
    expect((await dead('deliver'))[0]!.reason).toMatch(/none of 30 attempts came to an end/);
    expect(begun).not.toHaveBeenCalled();
  });

  test('one that outlasts its time is aborted and held', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const arrival = await lab.arrive();
      const begun = Promise.withResolvers<void>();
      start(
        stagesWith({
          route: ({ signal }) => {
            begun.resolve();
            return new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(new Error('socket closed')));
            });
          },
        }),
      );
      await lab.ask('route', arrival);
      await begun.promise;
      vi.advanceTimersByTime(pipeline.route.timeoutMs);
    } finally {
      vi.useRealTimers();
    }
    const held = await logged('held, to be tried again');
    expect(held).toMatchObject({ reasons: [{ code: 'timed-out', message: expect.stringMatching(/1 min/) }] });
  });
});

describe('how much at once', () => {
  test('never more than its slots, and every message once', async () => {
    let now = 0;
    let most = 0;
    const arrivals: Arrival[] = [];
    for (let count = 0; count < 40; count += 1) arrivals.push(await lab.arrive());
    const stages = stagesWith({
      validate: async () => {
        now += 1;
        most = Math.max(most, now);
        await sleep(3);
        now -= 1;
        return { result: 'passed' };
      },
    });
    start(stages, { concurrency: 3 });
    await Promise.all(arrivals.map((arrival) => lab.ask('validate', arrival)));
    await emptied('validate');
    expect(most).toBe(3);
    expect(lab.lines.filter(({ message }) => message === 'validated')).toHaveLength(40);
  });

  test('it holds no more messages than it has slots for', async () => {
    const gate = Promise.withResolvers<void>();
    start(stagesWith({ validate: () => gate.promise.then(() => ({ result: 'passed' })) }));
    for (let count = 0; count < 6; count += 1) await lab.ask('validate', await lab.arrive());
    await vi.waitUntil(async () => (await lab.ports.queue.depth('validate')).inFlight === 2);
    await sleep(50);
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 4, inFlight: 2, dead: 0 });
    gate.resolve();
    await emptied('validate');
  });
});

describe('the queue is down', () => {
  test('it is said once, and the consumer goes on when it is back', async () => {
    let down = true;
    const receive: Queue['receive'] = async (...parameters) => {
      if (down) throw new Fault('queue-down', 'disk on fire', { cause: new Error('EIO') });
      return lab.ports.queue.receive(...parameters);
    };
    start(stagesWith({}), { ports: portsWith({ receive }) });
    await lab.ask('validate', await lab.arrive());
    await sleep(500);
    const errors = lab.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: 'queue-down', cause: { message: 'EIO' } });
    down = false;
    await logged('validated');
    expect(lab.lines.filter(({ message }) => message === 'the queue answers again')).toHaveLength(1);
  });

  test('a message that could not be acknowledged comes again, and is known', async () => {
    let broken = true;
    const receive: Queue['receive'] = async (...parameters) => {
      const deliveries = await lab.ports.queue.receive(...parameters);
      const ack = () => Promise.reject(new Fault('queue-down'));
      return deliveries.map((delivery) => (broken ? { ...delivery, ack } : delivery));
    };
    start(stagesWith({}), { ports: portsWith({ receive }) });
    await lab.ask('validate', await lab.arrive());
    await logged('validated');
    broken = false;
    await logged('was done before');
    await emptied('validate');
  });
});

describe('stopping', () => {
  test('waits for what runs, and takes nothing new', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = vi.fn(() => gate.promise.then(() => ({ result: 'passed' }) as const));
    const consumer = start(stagesWith({ validate: begun }), { concurrency: 1 });
    for (let count = 0; count < 3; count += 1) await lab.ask('validate', await lab.arrive());
    await vi.waitUntil(() => begun.mock.calls.length === 1);
    stopping.abort();
    gate.resolve();
    await consumer.done;
    expect(begun).toHaveBeenCalledTimes(1);
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 2, inFlight: 0, dead: 0 });
  });

  test('aborts what outlasts the deadline and gives it back', async () => {
    const arrival = await lab.arrive();
    const consumer = start(
      stagesWith({
        validate: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('closed')));
          }),
      }),
      { stopTimeoutMs: 50 },
    );
    await lab.ask('validate', arrival);
    await vi.waitUntil(async () => (await lab.ports.queue.depth('validate')).inFlight === 1);
    await stop(consumer);
    expect((await lab.ports.ledger.timeline(arrival.id))?.records).toEqual([]);
    const options = { max: 1, waitMs: 0, visibilityMs: VISIBILITY_MS };
    const [again] = await lab.ports.queue.receive('validate', options, never);
    expect(again!.attempt).toBe(2);
  });

  test('is over soon even when a stage does not listen', async () => {
    const consumer = start(stagesWith({ validate: () => new Promise(() => undefined) }), {
      stopTimeoutMs: 10,
    });
    await lab.ask('validate', await lab.arrive());
    await vi.waitUntil(async () => (await lab.ports.queue.depth('validate')).inFlight === 1);
    await stop(consumer);
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });

  test('a consumer without slots takes nothing, and stops', async () => {
    await lab.ask('validate', await lab.arrive());
    await stop(start(stagesWith({}), { concurrency: 0 }));
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });

  test('a consumer that is told to stop before it starts does nothing', async () => {
    stopping.abort();
    await lab.ask('validate', await lab.arrive());
    await start(stagesWith({})).done;
    expect(await lab.ports.queue.depth('validate')).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });
});
