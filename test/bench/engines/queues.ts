import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBullmqQueue } from '../../../adapters/queue/bullmq/queue.ts';
import { openSqliteQueue } from '../../../adapters/queue/sqlite/queue.ts';
import { openSqsQueue } from '../../../adapters/queue/sqs/queue.ts';
import { parseSqsUrl } from '../../../adapters/queue/sqs/url.ts';
import { parseRedisUrl } from '../../../adapters/redis/url.ts';
import { pipeline } from '../../../core/pipeline.ts';
import type { Queue } from '../../../core/ports/queue.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startSqs } from '../../support/sqs-server.ts';
import { showSpread, showTable } from '../figures.ts';
import type { EngineBench } from './engine-bench.ts';

/** About as long as an event. */
const BODY = JSON.stringify({ event: 'x'.repeat(900) });
const AT_ONCE = 64;
/** Messages that one receive asks for, and receives under way at once. */
const BATCH = 10;
const RECEIVERS = 4;
const VISIBILITY_MS = 60_000;
const { queue: NAME } = pipeline.validate;

interface Opened {
  readonly queue: Queue;
  close(): Promise<void>;
}

async function openSqlite(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-queue-'));
  const queue = await openSqliteQueue({ file: join(folder, 'queue.db') });
  return { queue, close: () => rm(folder, { recursive: true }) };
}

async function openRedis(): Promise<Opened> {
  const server = await startRedis();
  const queue = await openBullmqQueue({ ...parseRedisUrl(server.url), log: quietLog });
  return { queue, close: () => server.remove() };
}

async function openSqs(): Promise<Opened> {
  const server = await startSqs();
  const url = `sqs:bench?endpoint=${encodeURIComponent(server.endpoint)}&create=true`;
  return { queue: await openSqsQueue(parseSqsUrl(url)), close: () => server.kill() };
}

const engines: Record<string, () => Promise<Opened>> = {
  'SQLite, synced': openSqlite,
  'BullMQ on Redis, appendfsync always': openRedis,
  'SQS (fauxqs in memory)': openSqs,
};

const timed = async (count: number, run: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await run();
  return (count * 1_000) / (performance.now() - began);
};

const sendOne = (queue: Queue): Promise<void> => queue.send(NAME, [{ body: BODY, group: 'bench' }]);

async function sendInTurn(queue: Queue, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await sendOne(queue);
}

const sendAtOnce = async (queue: Queue, count: number): Promise<void> => {
  await Promise.all(Array.from({ length: AT_ONCE }, () => sendInTurn(queue, Math.ceil(count / AT_ONCE))));
};

/** Takes and acknowledges all that there is. */
async function takeAll(queue: Queue, count: number): Promise<void> {
  let left = count;
  const done = new AbortController();
  const take = async (): Promise<void> => {
    while (left > 0) {
      const wanted = { max: BATCH, waitMs: 1_000, visibilityMs: VISIBILITY_MS };
      const deliveries = await queue.receive(NAME, wanted, done.signal);
      left -= deliveries.length;
      if (left <= 0) done.abort();
      await Promise.all(deliveries.map((delivery) => delivery.ack()));
    }
  };
  await Promise.all(Array.from({ length: RECEIVERS }, take));
}

/** Events a second through each queue, with the real server of each on this machine. */
export const benchQueues: EngineBench = async ({ quick, rounds }) => {
  const count = quick ? 640 : 6_400;
  const rows = [['events/s', 'sent one by one', `${AT_ONCE} at once`, 'received and acknowledged']];
  for (const [name, open] of Object.entries(engines)) {
    const { queue, close } = await open();
    const figures: [number[], number[], number[]] = [[], [], []];
    // A round before the first, which is not counted, warms up.
    for (let round = -1; round < rounds; round += 1) {
      const one = await timed(count / 10, () => sendInTurn(queue, count / 10));
      const many = await timed(count, () => sendAtOnce(queue, count));
      const took = await timed(count * 1.1, () => takeAll(queue, count * 1.1));
      if (round >= 0)
        for (const [column, figure] of [one, many, took].entries()) figures[column]!.push(figure);
    }
    await queue.close();
    await close();
    rows.push([name, ...figures.map(showSpread)]);
  }
  console.log(`Queues: messages of ${BODY.length} bytes, medians of ${rounds} rounds (least-most)\n`);
  console.log(showTable(rows));
};
