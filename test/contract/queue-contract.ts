import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newArrivalId } from '../../core/arrival.ts';
import { encodeEvent, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Delivery, Queue } from '../../core/ports/queue.ts';

/** One engine, empty: queues that share it, each as another process would have it. */
interface QueueLab {
  open(): Promise<Queue>;
  /** After all queues are closed. */
  remove(): Promise<void>;
}

const VALIDATE: string = pipeline.validate.queue;
const SCAN: string = pipeline.scan.queue;
/** Milliseconds: longer than any test. */
const LONG = 120_000;
/** Milliseconds: longer than a busy machine stands still between two calls, and short enough to be waited for. */
const A_WHILE = 4_000;
const MAX_BODY_BYTES = 256 * 1024;

/** Every sentence of the port. `tickMs` is the shortest delay that the engine knows. */
export function queueContract(engine: string, makeLab: () => Promise<QueueLab>, tickMs: number): void {
  describe(`${engine}: the queue`, () => {
    const never = new AbortController().signal;
    let lab: QueueLab;
    let opened: Queue[];
    let queue: Queue;

    const open = async (): Promise<Queue> => {
      const another = await lab.open();
      opened.push(another);
      return another;
    };
    const bodies = (deliveries: readonly Delivery[]) => deliveries.map(({ body }) => body).sort();
    const send = (...texts: string[]) =>
      queue.send(
        VALIDATE,
        texts.map((body) => ({ body })),
      );
    const receive = (options: Partial<Parameters<Queue['receive']>[1]> = {}, from = queue, name = VALIDATE) =>
      from.receive(name, { max: 10, waitMs: 0, visibilityMs: LONG, ...options }, never);
    const one = async (visibilityMs = LONG): Promise<Delivery> => {
      const [delivery] = await receive({ max: 1, waitMs: LONG, visibilityMs });
      return delivery!;
    };

    beforeEach(async () => {
      lab = await makeLab();
      opened = [];
      queue = await open();
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
      await lab.remove();
    });

    test('gives every message of a send, in full, with when it was sent', async () => {
      const before = Date.now();
      await send('one', 'two', 'three');
      const got = await receive({ waitMs: LONG });
      while (got.length < 3) got.push(...(await receive({ waitMs: LONG })));
      expect(bodies(got)).toEqual(['one', 'three', 'two']);
      expect(new Set(got.map(({ id }) => id)).size).toBe(3);
      for (const { attempt, sentAt } of got) {
        expect(attempt).toBe(1);
        expect(sentAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
        expect(sentAt.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
      }
    });

    test('keeps what was sent when it is closed and opened again', async () => {
      await send('kept');
      await opened.pop()!.close();
      queue = await open();
      expect((await one()).body).toBe('kept');
    });

    test('answers an empty list when nothing comes within the wait', async () => {
      expect(await receive()).toEqual([]);
      const started = performance.now();
      expect(await receive({ waitMs: 2 * tickMs })).toEqual([]);
      expect(performance.now() - started).toBeGreaterThan(tickMs);
    });

    test('gives at most `max`', async () => {
      await send('1', '2', '3', '4', '5');
      expect(await receive({ max: 2, waitMs: LONG })).toHaveLength(2);
    });

    test('a waiting receive gets what is sent meanwhile, here and elsewhere', async () => {
      for (const sender of [queue, await open()]) {
        const started = performance.now();
        const waiting = receive({ waitMs: LONG });
        await sleep(tickMs);
        await sender.send(VALIDATE, [{ body: 'late' }]);
        expect(bodies(await waiting)).toEqual(['late']);
        expect(performance.now() - started).toBeLessThan(LONG / 4);
      }
    });

    test('a waiting receive ends with nothing when its signal aborts, and takes nothing after', async () => {
      const controller = new AbortController();
      const waiting = queue.receive(
        VALIDATE,
        { max: 1, waitMs: LONG, visibilityMs: LONG },
        controller.signal,
      );
      await sleep(tickMs);
      controller.abort();
      expect(await waiting).toEqual([]);
      await send('for another');
      expect(
        await queue.receive(VALIDATE, { max: 1, waitMs: LONG, visibilityMs: LONG }, controller.signal),
      ).toEqual([]);
      expect((await one()).attempt).toBe(1);
    });

    test('a message that was acknowledged is gone', async () => {
      await send('done');
      await (await one(A_WHILE)).ack();
      expect(await receive({ waitMs: A_WHILE + 2 * tickMs })).toEqual([]);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    test('after the visibility timeout it is given again, and the first holder can do nothing', async () => {
      await send('again');
      const first = await one(tickMs);
      const second = await one();
      expect([second.body, second.attempt, second.id]).toEqual(['again', 2, first.id]);
      await first.ack();
      await first.release(0);
      await first.bury('late');
      await first.extend(tickMs);
      expect(await receive({ waitMs: 3 * tickMs })).toEqual([]);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
      await second.release(0);
      expect((await one()).attempt).toBe(3);
    });

    test('extend hides it for that long from now', async () => {
      await send('work');
      await (await one(A_WHILE)).extend(LONG);
      expect(await receive({ waitMs: A_WHILE + tickMs })).toEqual([]);
    });

    test('extend may shorten, too', async () => {
      await send('work');
      await (await one()).extend(tickMs);
      expect((await one()).attempt).toBe(2);
    });

    test('release gives it back, at once or after its delay', async () => {
      await send('back');
      await (await one()).release(0);
      const second = await one();
      const released = Date.now();
      await second.release(4 * tickMs);
      expect((await one()).attempt).toBe(3);
      expect(Date.now() - released).toBeGreaterThanOrEqual(3 * tickMs);
    });

    test('a delayed message waits, and does not hold up others', async () => {
      const sent = Date.now();
      await queue.send(VALIDATE, [{ body: 'later', delayMs: A_WHILE + tickMs }, { body: 'now' }]);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 2, inFlight: 0, dead: 0 });
      const first = await one();
      expect(first.body).toBe('now');
      expect((await one()).body).toBe('later');
      expect(Date.now() - sent).toBeGreaterThanOrEqual(A_WHILE);
    });

    test('buried, it is a dead letter with its reason', async () => {
      const before = Date.now();
      await send('bad');
      await (await one()).release(0);
      const delivery = await one();
      await delivery.bury('it is "bad"\nreally');
      expect(await receive({ waitMs: tickMs })).toEqual([]);
      const [letter, ...others] = await queue.deadLetters(VALIDATE);
      expect(others).toEqual([]);
      expect(letter).toMatchObject({ body: 'bad', attempt: 2, reason: 'it is "bad"\nreally' });
      expect(letter!.diedAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 1 });
    });

    test('redrive puts back those named, or all, as if sent now', async () => {
      await send('a', 'b', 'c');
      for (let count = 0; count < 3; count += 1) {
        const delivery = await one();
        await delivery.bury(`no ${delivery.body}`);
      }
      const letters = await queue.deadLetters(VALIDATE);
      const b = letters.find(({ body }) => body === 'b')!;
      const before = Date.now();
      expect(await queue.redrive(VALIDATE, [b.id, b.id, 'no such'])).toBe(1);
      const again = await one();
      expect([again.body, again.attempt]).toEqual(['b', 1]);
      expect(again.sentAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      await again.ack();
      expect(await queue.redrive(VALIDATE, [])).toBe(0);
      expect(await queue.redrive(VALIDATE)).toBe(2);
      expect(await queue.redrive(VALIDATE)).toBe(0);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 2, inFlight: 0, dead: 0 });
      expect([(await one()).body, (await one()).body].sort()).toEqual(['a', 'c']);
    });

    test('a redrive wakes a waiting receive', async () => {
      await send('bad');
      await (await one()).bury('no');
      const waiting = one();
      await queue.redrive(VALIDATE);
      expect((await waiting).body).toBe('bad');
    });

    test('queues are apart', async () => {
      await send('for validate');
      await queue.send(SCAN, [{ body: 'for scan' }]);
      expect(bodies(await receive({ waitMs: LONG }, queue, SCAN))).toEqual(['for scan']);
      expect(await receive({}, queue, SCAN)).toEqual([]);
      await (await one()).bury('no');
      expect(await queue.deadLetters(SCAN)).toEqual([]);
      expect(await queue.redrive(SCAN)).toBe(0);
      expect(await queue.depth(SCAN)).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
    });

    test('any text comes back as it was, up to 256 KiB in UTF-8', async () => {
      const controls = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('');
      const odd = [
        controls,
        '\ufeff\ufffe\uffff\u2028',
        '😀'.repeat(MAX_BODY_BYTES / 4),
        ' ',
        '{"a":"\\ud800"}',
      ];
      for (const body of odd) {
        await send(body);
        const delivery = await one();
        expect(delivery.body === body).toBe(true);
        await delivery.ack();
      }
    });

    test('any text comes back as it was (property)', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (body) => {
          await send(body);
          const delivery = await one();
          await delivery.ack();
          expect(delivery.body).toBe(body);
        }),
        { numRuns: 50 },
      );
    });

    test('an event with any name passes as encoded', async () => {
      const event = stageEvent('validate', {
        id: newArrivalId(),
        partner: 'acme',
        feed: 'orders',
        key: 'files/acme/in/\u0001\ud800.x12',
        path: '/in/\u0001\ud800.x12',
        size: 1,
        digests: {},
        receivedAt: new Date().toISOString(),
        protocol: 'ftp',
        remote: '192.0.2.1',
        run: 1,
      });
      await send(encodeEvent(event));
      expect((await one()).body).toBe(encodeEvent(event));
    });

    test('refuses what it could not keep, and then nothing of that send is there', async () => {
      for (const body of ['x'.repeat(MAX_BODY_BYTES + 1), 'lone \ud800']) {
        const refused = send('good', body);
        await expect(refused).rejects.toThrow(Fault);
        await expect(refused).rejects.toMatchObject({ code: 'bad-argument' });
      }
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    test('many consumers: each message is in one hand, and all are done once', async () => {
      const total = 300;
      const other = await open();
      const senders = Array.from({ length: 30 }, (_, sender) =>
        (sender % 2 ? queue : other).send(
          VALIDATE,
          Array.from({ length: total / 30 }, (_, index) => ({
            body: `${sender}/${index}`,
            group: `${sender}`,
          })),
        ),
      );
      const seen: string[] = [];
      const consume = async (from: Queue): Promise<void> => {
        while (seen.length < total) {
          const got = await receive({ max: 4, waitMs: tickMs }, from);
          seen.push(...bodies(got));
          await Promise.all(got.map((delivery) => delivery.ack()));
        }
      };
      await Promise.all([...senders, ...[queue, other, queue, other, queue, other].map(consume)]);
      expect(seen).toHaveLength(total);
      expect(new Set(seen).size).toBe(total);
      expect(await queue.depth(VALIDATE)).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    });

    test('after close every method throws queue-down, and closing again does no harm', async () => {
      const delivery = await send('x').then(() => one());
      await queue.close();
      await queue.close();
      for (const call of [
        () => send('y'),
        () => receive(),
        () => queue.depth(VALIDATE),
        () => delivery.ack(),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'queue-down' });
      }
    });
  });
}
