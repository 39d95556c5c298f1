import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SQS } from '@aws-sdk/client-sqs';
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
import type { EventRecord } from '../../adapters/queue/sqs/adopted.ts';
import { openSqsQueue, type SqsQueue } from '../../adapters/queue/sqs/queue.ts';
import { parseSqsUrl } from '../../adapters/queue/sqs/url.ts';
import type { Arrival } from '../../core/arrival.ts';
import { encodeEvent, type StageName, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Stages } from '../../core/stage.ts';
import { handleBatch } from '../../workers/handle-batch.ts';
import { createOutage } from '../../workers/outage.ts';
import { minimalPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';
import { PATIENCE } from '../support/patience.ts';
import { quietLog } from '../support/quiet-log.ts';
import { type SqsServer, startSqs } from '../support/sqs-server.ts';
import { openStageLab, type StageLab, stagesWith } from '../unit/stage-lab.ts';

/** Milliseconds that a function has, and that Lambda hides its messages for. */
const FUNCTION_MS = 60_000;
/** Milliseconds: what does not wait for the end of that is done in less, on a busy machine too. */
const SOON_MS = 45_000;

/** Of the function, which looks at its partners' files for as long as its process lives. */
let folder: string;
let server: SqsServer;
let prefix: string;
let url: string;
let sqs: SQS;
let queue: SqsQueue;
beforeAll(async () => {
  server = await startSqs();
  folder = mkdtempSync(join(tmpdir(), 'lambda-'));
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  prefix = randomUUID();
  url = `sqs:${prefix}?endpoint=${server.endpoint}&create=true`;
  sqs = new SQS({ endpoint: server.endpoint, region: 'us-east-1' });
  queue = await openSqsQueue(parseSqsUrl(url));
});
afterEach(async () => {
  await queue.close();
  sqs.destroy();
});

const queueUrl = async (stage: StageName): Promise<string> =>
  (await sqs.getQueueUrl({ QueueName: `${prefix}-${pipeline[stage].queue}` })).QueueUrl!;

/** What there is, up to ten messages, as Lambda puts it into an event. */
async function receive(stage: StageName): Promise<EventRecord[]> {
  const { Messages = [] } = await sqs.receiveMessage({
    QueueUrl: await queueUrl(stage),
    MaxNumberOfMessages: 10,
    VisibilityTimeout: FUNCTION_MS / 1_000,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  return Messages.map((message) => ({
    messageId: message.MessageId!,
    receiptHandle: message.ReceiptHandle!,
    body: message.Body!,
    attributes: message.Attributes as EventRecord['attributes'],
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue = '' }]) => [
        name,
        { stringValue: StringValue, dataType: 'String' },
      ]),
    ),
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${prefix}-${pipeline[stage].queue}`,
  }));
}
async function received(stage: StageName, count: number): Promise<EventRecord[]> {
  const records: EventRecord[] = [];
  const isThere = async () => records.push(...(await receive(stage))) >= count;
  await vi.waitUntil(isThere, PATIENCE);
  return records;
}
/** What Lambda does after its function. */
async function removeAllBut(failed: readonly string[], stage: StageName, records: readonly EventRecord[]) {
  const QueueUrl = await queueUrl(stage);
  for (const { messageId, receiptHandle } of records)
    if (!failed.includes(messageId)) await sqs.deleteMessage({ QueueUrl, ReceiptHandle: receiptHandle });
}
const send = (stage: StageName, body: string) => queue.send(pipeline[stage].queue, [{ body }]);
const ask = (stage: StageName, arrival: Arrival) => send(stage, encodeEvent(stageEvent(stage, arrival)));
const deadLetters = (stage: StageName) => queue.deadLetters(pipeline[stage].queue);
const depth = (stage: StageName) => queue.depth(pipeline[stage].queue);

test('the function itself: a mixed batch, poison, a partner that is gone, and all of it again', async () => {
  mkdirSync(join(folder, 'partners'));
  const feed = { name: 'orders', path: '/in/*', deliver: [{ name: 'erp', to: 'folder', path: folder }] };
  const acme = JSON.stringify({ ...minimalPartner, feeds: [feed] });
  writeFileSync(join(folder, 'partners', 'acme.yaml'), acme);
  const env = {
    LANDFALL_DATA: folder,
    LANDFALL_QUEUE: url,
    LANDFALL_LOG: 'json',
    LANDFALL_LOG_LEVEL: 'error',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { handler } = await import('../../workers/lambda.ts');
  const run = (Records: EventRecord[]) =>
    handler({ Records }, { getRemainingTimeInMillis: () => FUNCTION_MS });

  const orphan = anArrival({ partner: 'gone' });
  await Promise.all([
    ask('route', anArrival()),
    ask('route', orphan),
    send('route', '\u0000'),
    send('route', '{}'),
  ]);
  const records = await received('route', 4);
  expect(await run(records)).toEqual({ batchItemFailures: [] });
  const letters = await deadLetters('route');
  expect(letters.map(({ reason, attempt }) => [reason, attempt]).sort()).toEqual([
    [expect.stringMatching(/no partner "gone"/), 1],
    [expect.stringMatching(/message is not JSON/), 1],
    [expect.stringMatching(/message's \w+/), 1],
  ]);
  expect(letters.map(({ body }) => body)).toContain('\u0000');
  expect(await depth('deliver')).toMatchObject({ waiting: 1 });

  // Lambda's container was killed before it could say so.
  const again = records.filter(({ body }) => body.includes('"acme"'));
  expect(await run(again)).toEqual({ batchItemFailures: [] });
  const [first, second] = (await received('deliver', 2)).map(({ body }) => JSON.parse(body).id);
  expect(first).toBe(second);
});

describe('a batch', () => {
  let lab: StageLab;
  beforeEach(async () => {
    lab = await openStageLab();
  });
  afterEach(() => lab.close());

  /** The messages that Lambda is told not to remove; it removes the others. */
  const handle = async (
    stage: StageName,
    stages: Stages,
    { timeMs = FUNCTION_MS, records = [] as EventRecord[] } = {},
  ) => {
    const batch = records.length > 0 ? records : await receive(stage);
    const deliveries = await queue.adopt(batch);
    const ports = { ...lab.ports, queue };
    await handleBatch(deliveries, timeMs, {
      stages,
      ports,
      concurrency: 1,
      outage: createOutage(lab.ports.log),
    });
    const failed = deliveries.filter(({ isDone }) => !isDone).map(({ id }) => id);
    await removeAllBut(failed, stage, batch);
    return failed;
  };

  test('what fails for now comes again after its wait, as the next attempt; what is done does not', async () => {
    const [good, bad] = [await lab.arrive(), await lab.arrive()];
    const seen: string[] = [];
    const stages = stagesWith({
      validate: async ({ arrival }) => {
        seen.push(arrival.id);
        if (arrival.id === bad.id && seen.length < 3) throw new Fault('store-down');
        return { result: 'passed' };
      },
    });
    await Promise.all([ask('validate', good), ask('validate', bad)]);
    const records = await received('validate', 2);
    const failed = await handle('validate', stages, { records });
    const expected = records.filter(({ body }) => body.includes(bad.id)).map(({ messageId }) => messageId);
    expect(failed).toEqual(expected);
    // Not in the minute for which Lambda has hidden it, but in the second or two of the pipeline's table.
    const started = performance.now();
    const [again] = await received('validate', 1);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    expect(again!.attributes.ApproximateReceiveCount).toBe('2');
    expect(await handle('validate', stages, { records: [again!] })).toEqual([]);
    expect(seen.filter((id) => id === good.id)).toHaveLength(1);
    expect(await depth('validate')).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
  });

  test('what is too early is waited for, a little, and fails then', async () => {
    const [soon, later] = [await lab.arrive({ published: false }), await lab.arrive({ published: false })];
    await Promise.all([ask('validate', soon), ask('validate', later)]);
    const records = await received('validate', 2);
    let looks = 0;
    const { head } = lab.store.objects;
    lab.store.objects.head = async (key, arrival) => {
      if (arrival === soon.id && looks++ === 1) lab.store.publish(soon);
      return head(key, arrival);
    };
    const started = performance.now();
    const failed = await handle('validate', stagesWith({}), { records });
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    expect(failed).toEqual(
      records.filter(({ body }) => body.includes(later.id)).map(({ messageId }) => messageId),
    );
    lab.store.publish(later);
    expect(await handle('validate', stagesWith({}), { records: await received('validate', 1) })).toEqual([]);
  });

  test("ends before its function's time: what runs is held as timed out, what waits is not begun", async () => {
    const begun: string[] = [];
    const stages = stagesWith({
      validate: async ({ arrival, signal }) => {
        begun.push(arrival.id);
        await sleep(FUNCTION_MS, undefined, { signal });
        return { result: 'passed' };
      },
    });
    await Promise.all([ask('validate', await lab.arrive()), ask('validate', await lab.arrive())]);
    const records = await received('validate', 2);
    const started = performance.now();
    expect(await handle('validate', stages, { records, timeMs: 10_000 })).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    expect(begun).toHaveLength(1);
    const held = lab.lines.filter(({ message }) => message.startsWith('held'));
    expect(held).toMatchObject([{ arrival: begun[0], reasons: [{ code: 'timed-out' }] }]);
  });

  test('with SQS down: what could not be buried is not done', async () => {
    await send('validate', '{}');
    const records = await received('validate', 1);
    const elsewhere = await startSqs();
    const lost = await openSqsQueue(parseSqsUrl(`sqs:${prefix}?endpoint=${elsewhere.endpoint}&create=true`));
    onTestFinished(() => lost.close());
    const deliveries = await lost.adopt(records);
    await elsewhere.kill();
    const ports = { ...lab.ports, queue: lost };
    const host = { stages: stagesWith({}), ports, concurrency: 1, outage: createOutage(quietLog) };
    await handleBatch(deliveries, FUNCTION_MS, host);
    expect(deliveries.map(({ isDone }) => isDone)).toEqual([false]);
  });

  test('leaves out what came before its time, and hides it again', async () => {
    await ask('validate', await lab.arrive());
    const [record] = await received('validate', 1);
    const messageAttributes = { notBefore: { stringValue: String(Date.now() + 8_000) } };
    expect(await queue.adopt([{ ...record!, messageAttributes }])).toEqual([]);
    const started = performance.now();
    await received('validate', 1);
    expect(performance.now() - started).toBeGreaterThan(2_000);
  });

  test('of a queue that is not in the pipeline is refused', async () => {
    await ask('validate', await lab.arrive());
    const [record] = await received('validate', 1);
    const eventSourceARN = `arn:aws:sqs:us-east-1:000000000000:${prefix}-other`;
    await expect(queue.adopt([{ ...record!, eventSourceARN }])).rejects.toThrow(/no queue ".*-other"/);
  });
});
