import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import { afterAll, expect, it } from 'vitest';
import { openSqliteQueue } from '../../../adapters/queue/sqlite/queue.ts';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import { createLedger } from '../../../core/ledger.ts';
import { pipeline, stageNames } from '../../../core/pipeline.ts';
import { startLandfall } from '../../support/landfall-process.ts';
import { makeDataFolder, PASSWORD, startSharedClamd, USER } from '../lab.ts';
import { createAttempts } from './attempts.ts';
import {
  acknowledgedIn,
  attemptsOf,
  requireOnce,
  requireTimelines,
  seenInFolder,
  seenInStore,
} from './delivered.ts';
import { createKilling } from './killing.ts';
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
const feeds = ['orders', 'files'];

const target = (feed: string, delivered: string) => [
  { to: 'folder', name: 'folder', path: join(delivered, feed) },
  { to: 'store', name: 'store', prefix: `archive/${feed}` },
];

/** `CRASH_SEED=n` repeats the order of the kills of an earlier run, though not their moments. */
const seed = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31));
let state = seed;
/** A linear congruential generator: its high bits are random enough. */
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

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
  const killing = createKilling(env, random);
  cleanUp.push(killing.end);
  for (let round = 0; round < STEP_ROUNDS; round += 1) await killing.atEveryStep();
  await killing.atRandomTimes({ name: 'landfall', main: 'services/main.ts' }, RANDOM_KILLS.landfall);
  const worker = { name: 'worker', main: 'workers/main.ts' };
  await Promise.all([
    killing.atRandomTimes(
      { name: 'listener', main: 'services/main.ts', env: { LANDFALL_WORKERS: '0' } },
      RANDOM_KILLS.listener,
    ),
    killing.atRandomTimes(worker, RANDOM_KILLS.worker),
    killing.atRandomTimes(worker, RANDOM_KILLS.worker),
  ]);

  const landfall = await startLandfall({ dataFolder: data.path, env });
  cleanUp.push(landfall.kill);
  enough.abort();
  await senders.done;
  const queue = await openSqliteQueue({ file: join(data.path, 'queue.db') });
  cleanUp.push(queue.close);
  const depths = () => Promise.all(stageNames.map((stage) => queue.depth(pipeline[stage].queue)));
  const until = Date.now() + DRAIN_MS;
  while ((await depths()).some(({ waiting, inFlight }) => waiting + inFlight > 0)) {
    if (Date.now() > until) throw new Error(`the queues do not run empty: ${JSON.stringify(await depths())}`);
    await sleep(500);
  }

  const store = await openDiskStore({ root: join(data.path, 'store') });
  const problems: string[] = [];
  const folders = await Promise.all(feeds.map((feed) => seenInFolder(join(data.delivered, feed))));
  const archives = await Promise.all(feeds.map((feed) => seenInStore(store, `archive/${feed}`)));
  const inFolders = attemptsOf(folders.flat(), attempts, problems);
  const inArchives = attemptsOf(archives.flat(), attempts, problems);
  requireOnce('folder', inFolders, attempts, problems);
  requireOnce('store', inArchives, attempts, problems);

  const visible = attemptsOf(await seenInStore(store, 'files/acme/in'), attempts, problems);
  for (const { file } of visible.filter((attempt) => !inFolders.includes(attempt))) {
    problems.push(`${file.name} can be seen, and was not delivered`);
  }
  const names = new Set(attempts.all.map(({ file }) => file.name));
  const listing = await listed();

  const announced = await requireTimelines(
    createLedger(store),
    [...new Set([startedOn, today()])],
    attempts,
    problems,
  );
  requireOnce('timeline', announced, attempts, problems);

  const orders = { ...attempts, all: attempts.all.filter(({ file }) => file.kind === 'x12') };
  const answered = await acknowledgedIn(store, orders, problems);
  requireOnce('997', answered, orders, problems);

  for (const letters of await Promise.all(
    stageNames.map((stage) => queue.deadLetters(pipeline[stage].queue)),
  )) {
    for (const { reason } of letters) problems.push(`a dead letter: ${reason}`);
  }
  expect(await landfall.stop()).toBe(0);

  const total = [...killing.kills.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    [
      `seed ${seed}: ${total} runs killed, ${attempts.all.length} uploads of ${names.size} files, ` +
        `${attempts.all.filter(({ acknowledged }) => acknowledged).length} acknowledged, ` +
        `${announced.length} delivered to each target, ${answered.length} answered with a 997`,
      ...[...killing.kills].map(([what, count]) => `  ${count} x ${what}`),
      ...problems.slice(0, 50),
    ].join('\n'),
  );
  expect(problems.slice(0, 50)).toEqual([]);
  expect(listing).toEqual(visible.map(({ file }) => file.name).sort());
  const stored = attempts.all.filter(({ acknowledged }) => acknowledged);
  expect(listing).toEqual(expect.arrayContaining(stored.map(({ file }) => file.name)));
  for (const { length } of [inFolders, inArchives]) expect(length).toBe(announced.length);
  expect(answered.length).toBe(announced.filter(({ file }) => file.kind === 'x12').length);
  expect(senders.refusals).toEqual([]);
  expect([...killing.kills.keys()]).toEqual(expect.arrayContaining(steps));
});

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
