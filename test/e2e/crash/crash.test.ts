import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import { afterAll, expect, it } from 'vitest';
import { openSqliteQueue } from '../../../adapters/queue/sqlite/queue.ts';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import { pipeline, stageNames } from '../../../core/pipeline.ts';
import type { Queue } from '../../../core/ports/queue.ts';
import { startLandfall } from '../../support/landfall-process.ts';
import { makeDataFolder, PASSWORD, startSharedClamd, USER } from '../lab.ts';
import { createAttempts } from './attempts.ts';
import { createKilling, type Killing } from './killing.ts';
import { outcomeOf } from './outcome.ts';
import { startSenders } from './senders.ts';
import { steps } from './steps.ts';

/** Landfall is killed at every step between the last byte and the delivery, and at any other moment; nothing shows. */

const PORT = 24_121;
const PASSIVE = '24200-24299';
const SENDERS = 10;
/** Kills at each named step. */
const STEP_ROUNDS = 2;
/** Lives of Landfall as one process; of a listener; of each of two workers beside it. */
const RANDOM_KILLS = { landfall: 20, listener: 12, worker: 8 };
/** After the last crash: messages of the dead come back after 30 s, announcements of nothing are dropped after 60 s. */
const DRAIN_MS = 240_000;
/** Problems that a failure shows. */
const MAX_SHOWN = 50;
const queues = stageNames.map((stage) => pipeline[stage].queue);

const target = (feed: string, delivered: string) => [
  { to: 'folder', name: 'folder', path: join(delivered, feed) },
  { to: 'store', name: 'store', prefix: `archive/${feed}` },
];

const cleanUp: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const undo of cleanUp.reverse()) await undo();
});

it('delivers each acknowledged upload once, whatever is killed when', { timeout: 900_000 }, async () => {
  const startedOn = today();
  const data = await makeDataFolder((delivered) => ({
    feeds: [
      { name: 'orders', path: '/in/*.x12', accept: { format: 'x12' }, deliver: target('orders', delivered) },
      { name: 'files', path: '/in/**', deliver: target('files', delivered) },
    ],
  }));
  cleanUp.push(data.remove);
  const clamd = await startSharedClamd(join(data.path, 'clamav'));
  cleanUp.push(clamd.stop);
  const env = {
    LANDFALL_DATA: data.path,
    LANDFALL_FTP_PORT: String(PORT),
    LANDFALL_FTP_PASSIVE_PORTS: PASSIVE,
    LANDFALL_SCANNER: clamd.setting,
    LANDFALL_LOG: 'json',
  };

  const attempts = createAttempts();
  const enough = new AbortController();
  cleanUp.push(async () => enough.abort());
  const senders = startSenders({ port: PORT, count: SENDERS, signal: enough.signal }, attempts);
  const killing = createKilling(env);
  cleanUp.push(killing.end);
  await killEverything(killing);

  const landfall = await startLandfall({ dataFolder: data.path, env });
  cleanUp.push(landfall.kill);
  enough.abort();
  await senders.done;
  const queue = await openSqliteQueue({ file: join(data.path, 'queue.db') });
  cleanUp.push(queue.close);
  await untilEmpty(queue);

  const store = await openDiskStore({ root: join(data.path, 'store') });
  const days = [...new Set([startedOn, today()])];
  const { delivered } = data;
  const outcome = await outcomeOf({ store, feeds: ['orders', 'files'], delivered, days }, attempts);
  const problems = [...outcome.problems, ...senders.refusals];
  for (const name of queues) {
    for (const { reason } of await queue.deadLetters(name)) problems.push(`a dead letter: ${reason}`);
  }
  const listing = await listed();
  expect(await landfall.stop()).toBe(0);

  const { all } = attempts;
  const acknowledged = all.filter((attempt) => attempt.acknowledged);
  const kills = [...killing.kills];
  console.log(
    [
      `${kills.reduce((sum, [, count]) => sum + count, 0)} runs killed; ` +
        `${all.length} uploads of ${new Set(all.map(({ file }) => file)).size} files, ` +
        `${acknowledged.length} acknowledged, ${outcome.announced.length} delivered to each target, ` +
        `${outcome.answered.length} answered with a 997`,
      ...kills.map(([what, count]) => `  ${count} x ${what}`),
    ].join('\n'),
  );
  expect(problems.slice(0, MAX_SHOWN)).toEqual([]);
  expect(listing).toEqual(outcome.visible.map(({ file }) => file.name).sort());
  expect(listing).toEqual(expect.arrayContaining(acknowledged.map(({ file }) => file.name)));
  expect([...killing.kills.keys()]).toEqual(expect.arrayContaining(steps));
});

async function killEverything(killing: Killing): Promise<void> {
  for (let round = 0; round < STEP_ROUNDS; round += 1) await killing.atEveryStep();
  await killing.atRandomTimes({ name: 'landfall', main: 'services/main.ts' }, RANDOM_KILLS.landfall);
  const listener = { name: 'listener', main: 'services/main.ts', env: { LANDFALL_WORKERS: '0' } };
  const worker = { name: 'worker', main: 'workers/main.ts' };
  await Promise.all([
    killing.atRandomTimes(listener, RANDOM_KILLS.listener),
    killing.atRandomTimes(worker, RANDOM_KILLS.worker),
    killing.atRandomTimes(worker, RANDOM_KILLS.worker),
  ]);
}

async function untilEmpty(queue: Queue): Promise<void> {
  const until = Date.now() + DRAIN_MS;
  for (;;) {
    const depths = await Promise.all(queues.map((name) => queue.depth(name)));
    if (depths.every(({ waiting, inFlight }) => waiting + inFlight === 0)) return;
    if (Date.now() > until) throw new Error(`the queues do not run empty: ${JSON.stringify(depths)}`);
    await sleep(500);
  }
}

const today = (): string => new Date().toISOString().slice(0, 10);

/** Names in /in as the partner sees them. */
async function listed(): Promise<string[]> {
  const client = new Client();
  try {
    await client.access({ host: '127.0.0.1', port: PORT, user: USER, password: PASSWORD });
    return (await client.list('/in')).map(({ name }) => name).sort();
  } finally {
    client.close();
  }
}
