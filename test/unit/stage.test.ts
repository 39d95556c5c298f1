import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Arrival } from '../../core/arrival.ts';
import { decodeEvent, type StageName, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { PUBLISH_GRACE_MS, PUBLISH_REPEAT_MS, pipeline } from '../../core/pipeline.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { bytesOf, runStage, type Stages } from '../../core/stage.ts';
import { acme, openStageLab, type StageLab, stagesWith } from './stage-lab.ts';

const never = new AbortController().signal;
const LONG = 60_000;

let lab: StageLab;
beforeEach(async () => {
  lab = await openStageLab();
});
afterEach(() => lab.close());

interface Run {
  stage?: StageName;
  arrival: Arrival;
  attempt?: number;
  sentAt?: Date;
  heldMs?: number;
  signal?: AbortSignal;
  queue?: Queue;
}
const run = (stages: Stages, { stage = 'validate', arrival, attempt = 1, ...rest }: Run) =>
  runStage(
    stages,
    {
      event: stageEvent(stage, arrival),
      sentAt: rest.sentAt ?? new Date(),
      attempt,
      heldMs: rest.heldMs ?? 0,
    },
    { ...lab.ports, queue: rest.queue ?? lab.ports.queue },
    rest.signal ?? never,
  );
const afterGrace = () => ({
  sentAt: new Date(Date.now() - PUBLISH_GRACE_MS - 1_000),
  heldMs: PUBLISH_REPEAT_MS,
});
const sentTo = async (stage: StageName) => {
  const options = { max: 10, waitMs: 0, visibilityMs: LONG };
  const deliveries = await lab.ports.queue.receive(pipeline[stage].queue, options, never);
  return deliveries.map(({ body }) => decodeEvent(body));
};
const timeline = async (arrival: Arrival) => {
  const records = (await lab.ports.ledger.timeline(arrival.id))?.records ?? [];
  return records.map(({ stage, result, reasons }) => [stage, result, ...reasons.map(({ code }) => code)]);
};
const counted = () => {
  let calls = 0;
  const stages = stagesWith({
    validate: async () => {
      calls += 1;
      return { result: 'passed', next: [{ stage: 'scan' }] };
    },
  });
  return { stages, calls: () => calls };
};

describe('a stage that is done', () => {
  test('has a record, and what follows is sent with what it found', async () => {
    const arrival = await lab.arrive();
    const stages = stagesWith({
      validate: async ({ partner, feed }) => ({
        result: 'passed',
        details: { partner: partner.name, feed: feed.name },
        digests: { sha256: 'found' },
        next: [{ stage: 'scan' }],
      }),
    });
    const record = await run(stages, { arrival });
    expect(record).toMatchObject({ result: 'passed', details: { partner: 'acme', feed: 'orders' } });
    const [event] = await sentTo('scan');
    expect(event!.data).toEqual({ arrival: { ...arrival, digests: { md5: 'known', sha256: 'found' } } });
  });

  test('sends one message for each target', async () => {
    const arrival = await lab.arrive();
    const next = ['erp', 'archive'].map((target) => ({ stage: 'deliver' as const, target }));
    await run(stagesWith({ route: async () => ({ result: 'routed', next }) }), { stage: 'route', arrival });
    const targets = (await sentTo('deliver')).map(({ data }) => data.target);
    expect(targets.sort()).toEqual(['archive', 'erp']);
  });

  test("sends on as its partner's: queues are fair between groups", async () => {
    const arrival = await lab.arrive();
    const groups: (string | undefined)[] = [];
    const send: Queue['send'] = async (_queue, messages) => {
      groups.push(...messages.map(({ group }) => group));
    };
    await run(counted().stages, { arrival, queue: { ...lab.ports.queue, send } });
    expect(groups).toEqual(['acme']);
  });

  test('is not run again, only sent on again, when its consumer died in between', async () => {
    const arrival = await lab.arrive();
    const { stages, calls } = counted();
    const dying = { ...lab.ports.queue, send: () => Promise.reject(new Fault('queue-down')) };
    await expect(run(stages, { arrival, queue: dying })).rejects.toMatchObject({ code: 'queue-down' });
    expect(await timeline(arrival)).toEqual([['validate', 'passed']]);
    expect(await sentTo('scan')).toEqual([]);
    expect(await run(stages, { arrival, attempt: 2 })).toMatchObject({ result: 'passed' });
    expect(await sentTo('scan')).toHaveLength(1);
    expect(calls()).toBe(1);
  });

  test('is sent on even when the message has used up its attempts', async () => {
    const arrival = await lab.arrive();
    const { stages } = counted();
    await run(stages, { arrival });
    expect(await run(stages, { arrival, attempt: 1_000 })).toMatchObject({ result: 'passed' });
  });

  test('has one record when two consumers have it at once', async () => {
    const arrival = await lab.arrive();
    let arrived = 0;
    const both = Promise.withResolvers<void>();
    const stages = stagesWith({
      validate: async () => {
        const mine = ++arrived;
        if (mine === 2) both.resolve();
        await both.promise;
        return { result: mine === 1 ? 'passed' : 'rejected' };
      },
    });
    const records = await Promise.all([run(stages, { arrival }), run(stages, { arrival })]);
    expect(records[0]).toEqual(records[1]);
    expect(await timeline(arrival)).toHaveLength(1);
  });

  test('is done again in another run', async () => {
    const arrival = await lab.arrive();
    const { stages, calls } = counted();
    await run(stages, { arrival });
    await run(stages, { arrival: { ...arrival, run: 2 } });
    expect(calls()).toBe(2);
    expect((await sentTo('scan')).map(({ data }) => data.arrival.run).sort()).toEqual([1, 2]);
  });
});

describe('an announced file', () => {
  test('is on the timeline before its stage begins', async () => {
    const arrival = await lab.arrive();
    let seen: unknown;
    await run(
      stagesWith({
        validate: async (_work, { ledger }) => {
          seen = await ledger.timeline(arrival.id);
          return { result: 'passed' };
        },
      }),
      { arrival },
    );
    expect(seen).toMatchObject({ announced: true, arrival });
  });

  test.each(['while the first is under way', 'after the first is done'])(
    'that is announced again under another name and feed is dropped, %s',
    async (when) => {
      const arrival = await lab.arrive();
      const other = { ...arrival, key: 'files/acme/bulk/x', path: '/bulk/x', feed: 'bulk' };
      lab.store.publish(other);
      const { stages, calls } = counted();
      if (when === 'after the first is done') await run(stages, { arrival });
      else await lab.ports.ledger.received(arrival);
      expect(await run(stages, { arrival: other })).toBe('dropped');
      expect(await run(stages, { arrival })).toMatchObject({ result: 'passed' });
      expect(calls()).toBe(1);
      for (const { data } of await sentTo('scan')) expect(data.arrival).toMatchObject({ feed: 'orders' });
    },
  );

  test('that is announced again at another time goes on as it was received', async () => {
    const arrival = await lab.arrive();
    await lab.ports.ledger.received(arrival);
    const again = { ...arrival, receivedAt: '2099-01-01T00:00:00.000Z' };
    const seen: string[] = [];
    const stages = stagesWith({
      validate: async (work) => {
        seen.push(work.arrival.receivedAt);
        return { result: 'passed', next: [{ stage: 'scan' }] };
      },
    });
    for (const _ of ['to be done', 'done']) await run(stages, { arrival: again });
    seen.push(...(await sentTo('scan')).map(({ data }) => data.arrival.receivedAt));
    expect(seen).toEqual(Array(3).fill(arrival.receivedAt));
  });

  test('that never came under one name, and came under another, is no failure', async () => {
    const arrival = await lab.arrive();
    await run(counted().stages, { arrival });
    const failed = { ...arrival, key: 'files/acme/in/failed-rename', path: '/in/failed-rename' };
    expect(await run(counted().stages, { arrival: failed, ...afterGrace() })).toBe('dropped');
    expect(await timeline(arrival)).toEqual([['validate', 'passed']]);
  });

  test('of a shared root is that of the partner who was first, whatever their feeds are called', async () => {
    lab.partners.set('second', { ...acme, name: 'second' });
    const arrival = await lab.arrive();
    await run(stagesWith({}), { arrival });
    const { stages, calls } = counted();
    expect(await run(stages, { arrival: { ...arrival, partner: 'second', run: 2 } })).toBe('dropped');
    expect(calls()).toBe(0);
  });

  test('is given time by the clock of the message, too', async () => {
    const arrival = await lab.arrive({ published: false });
    const { heldMs } = afterGrace();
    await expect(run(stagesWith({}), { arrival, heldMs })).rejects.toMatchObject({ code: 'not-yet' });
  });

  test('that is not published yet is not-yet, and nothing is written', async () => {
    const arrival = await lab.arrive({ published: false });
    const { stages, calls } = counted();
    await expect(run(stages, { arrival })).rejects.toMatchObject({ code: 'not-yet' });
    expect(await lab.ports.ledger.timeline(arrival.id)).toBeUndefined();
    lab.store.publish(arrival);
    expect(await run(stages, { arrival })).toMatchObject({ result: 'passed' });
    expect(calls()).toBe(1);
  });

  test('that was never published is dropped after its grace, without a trace', async () => {
    const arrival = await lab.arrive({ published: false });
    expect(await run(stagesWith({}), { arrival, ...afterGrace() })).toBe('dropped');
    expect(await lab.ports.ledger.timeline(arrival.id)).toBeUndefined();
  });

  test('that was never published is dropped by the waits between its attempts', async () => {
    const arrival = await lab.arrive({ published: false });
    const { sentAt } = afterGrace();
    await expect(run(stagesWith({}), { arrival, sentAt, attempt: 4 })).rejects.toMatchObject({
      code: 'not-yet',
    });
    expect(await run(stagesWith({}), { arrival, sentAt, attempt: 5 })).toBe('dropped');
  });

  test('whose name has another arrival by now is not taken for it', async () => {
    const arrival = await lab.arrive({ published: false });
    lab.store.publish({ ...arrival, id: (await lab.arrive()).id });
    await expect(run(stagesWith({}), { arrival })).rejects.toMatchObject({ code: 'not-yet' });
  });

  test('that was there and is gone is not dropped in silence', async () => {
    const arrival = await lab.arrive();
    await run(stagesWith({}), { arrival });
    lab.store.forget(arrival);
    const again = { ...arrival, run: 2 };
    await expect(run(stagesWith({}), { arrival: again, ...afterGrace() })).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(await timeline(arrival)).toContainEqual(['validate', 'failed', 'not-found']);
  });
});

describe('a stage that cannot be done', () => {
  const down = stagesWith({ scan: () => Promise.reject(new Fault('scanner-down', 'no verdict')) });

  test('is noted as held, once, and is still done later', async () => {
    const arrival = await lab.arrive();
    await run(stagesWith({}), { arrival });
    for (const attempt of [1, 2, 3]) {
      const held = run(down, { stage: 'scan', arrival, attempt });
      await expect(held).rejects.toMatchObject({ code: 'scanner-down' });
    }
    expect(await timeline(arrival)).toEqual([
      ['validate', 'passed'],
      ['scan', 'held', 'scanner-down'],
    ]);
    await run(stagesWith({}), { stage: 'scan', arrival, attempt: 4 });
    expect((await timeline(arrival)).at(-1)).toEqual(['scan', 'passed']);
  });

  test('is noted as failed at its last attempt', async () => {
    const arrival = await lab.arrive();
    const { attempts } = pipeline.validate;
    const broken = stagesWith({ validate: () => Promise.reject(new TypeError('a bug')) });
    await expect(run(broken, { arrival, attempt: attempts })).rejects.toMatchObject({ code: 'internal' });
    expect(await timeline(arrival)).toEqual([['validate', 'failed', 'internal']]);
  });

  test('is not begun when no attempt before came to an end', async () => {
    const arrival = await lab.arrive();
    const { stages, calls } = counted();
    const attempt = pipeline.validate.attempts + 1;
    await expect(run(stages, { arrival, attempt })).rejects.toThrow(/given up: none of 12 attempts/);
    expect(calls()).toBe(0);
    expect(await timeline(arrival)).toEqual([['validate', 'failed', 'internal']]);
  });

  test('its partner or feed being gone says so, and runs when they are back', async () => {
    const arrival = await lab.arrive();
    lab.partners.delete('acme');
    await expect(run(stagesWith({}), { arrival })).rejects.toThrow(/no partner "acme" any more/);
    lab.partners.set('acme', { ...acme, feeds: [] });
    const refused = run(stagesWith({}), { arrival });
    await expect(refused).rejects.toThrow(/partner "acme" has no feed "orders" any more/);
    await expect(refused).rejects.toMatchObject({ retry: false });
    lab.partners.set('acme', acme);
    expect(await run(stagesWith({}), { arrival })).toMatchObject({ result: 'passed' });
    expect((await timeline(arrival)).map(([, result]) => result)).toEqual(['failed', 'passed']);
  });

  test('whatever it throws when its time is up, it is timed-out, and held', async () => {
    const arrival = await lab.arrive();
    const controller = new AbortController();
    const stages = stagesWith({
      validate: async ({ signal }) => {
        controller.abort(new Fault('timed-out', 'more than 1 ms'));
        signal.throwIfAborted();
        throw new Error('not reached');
      },
    });
    const late = run(stages, { arrival, signal: controller.signal });
    await expect(late).rejects.toMatchObject({ code: 'timed-out' });
    expect(await timeline(arrival)).toEqual([['validate', 'held', 'timed-out']]);
  });

  test('the host stopping is nothing for the timeline', async () => {
    const arrival = await lab.arrive();
    const controller = new AbortController();
    const stages = stagesWith({
      validate: async () => {
        controller.abort(new Fault('cancelled'));
        throw new Error('the connection was closed');
      },
    });
    const stopped = run(stages, { arrival, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(await timeline(arrival)).toEqual([]);
  });

  test('the ledger being down is a fault to retry, and the stage is done later', async () => {
    const arrival = await lab.arrive();
    lab.store.fault = new Fault('store-down');
    await expect(run(stagesWith({}), { arrival })).rejects.toMatchObject({ code: 'store-down', retry: true });
    lab.store.fault = undefined;
    expect(await run(stagesWith({}), { arrival, attempt: 2 })).toMatchObject({ result: 'passed' });
  });
});

test('the bytes of an arrival are asked for by its id', () => {
  const asked: unknown[] = [];
  const read = (...parameters: unknown[]) => asked.push(parameters);
  bytesOf({ read } as never, { key: 'files/acme/a', id: 'one' } as Arrival);
  expect(asked).toEqual([['files/acme/a', { arrival: 'one' }]]);
});
