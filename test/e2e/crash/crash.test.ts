import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import { afterEach, expect, it } from 'vitest';
import { choosePorts } from '../../../adapters/choose.ts';
import { readConfig } from '../../../core/config.ts';
import { pipeline, stageNames } from '../../../core/pipeline.ts';
import type { Queue } from '../../../core/ports/queue.ts';
import { freePort } from '../../support/free-port.ts';
import { freePassivePorts } from '../../support/free-ports.ts';
import { startLandfall } from '../../support/landfall-process.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { makeDataFolder, PASSWORD, startSharedClamd, USER } from '../lab.ts';
import { createAttempts } from './attempts.ts';
import { type EngineRow, engines } from './engines.ts';
import { createKilling, type Killing } from './killing.ts';
import { outcomeOf } from './outcome.ts';
import { startSenders } from './senders.ts';
import { steps } from './steps.ts';

/** Landfall is killed at every step between the last byte and the delivery, and at any other moment; nothing shows. */

/** The same in every life, so that clients find it again; another for those who run this test at the same time. */
const PORT = await freePort();
const PASSIVE = await freePassivePorts();
const SENDERS = 10;
/**
 * After the last crash: messages of the dead come back after 30 s, announcements of nothing are dropped after 60 s, and
 * what failed three times is tried again after 5 min.
 */
const DRAIN_MS = 600_000;
/** Problems that a failure shows. */
const MAX_SHOWN = 50;
const queues = stageNames.map((stage) => pipeline[stage].queue);

const target = (feed: string, delivered: string) => [
  { to: 'folder', name: 'folder', path: join(delivered, feed) },
  { to: 'store', name: 'store', prefix: `archive/${feed}` },
];

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const LONG = { timeout: 2_400_000 };
const title = 'delivers each acknowledged upload once, whatever is killed when';

for (const engine of engines) {
  const skipped = engine.missing === undefined ? '' : `, skipped: ${engine.missing}`;
  it.skipIf(engine.missing !== undefined)(`${engine.name}: ${title}${skipped}`, LONG, () => crash(engine));
}

async function crash(row: EngineRow): Promise<void> {
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
  const engine = await row.start();
  cleanUp.push(engine.stop);
  const env = {
    ...engine.env,
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
  const killing = createKilling(env, row.longestLifeMs);
  cleanUp.push(killing.end);
  await killEverything(killing, row);

  const landfall = await startLandfall({ dataFolder: data.path, env });
  cleanUp.push(landfall.kill);
  enough.abort();
  await senders.done;
  Object.assign(process.env, engine.env);
  const { store, queue, close } = await choosePorts(readConfig(env), quietLog);
  cleanUp.push(close);
  await untilEmpty(queue);

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
      `${row.name}: ${kills.reduce((sum, [, count]) => sum + count, 0)} runs killed; ` +
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
}

async function killEverything(killing: Killing, { stepRounds, randomKills }: EngineRow): Promise<void> {
  for (let round = 0; round < stepRounds; round += 1) await killing.atEveryStep();
  await killing.atRandomTimes({ name: 'landfall', main: 'services/main.ts' }, randomKills.landfall);
  const listener = { name: 'listener', main: 'services/main.ts', env: { LANDFALL_WORKERS: '0' } };
  const worker = { name: 'worker', main: 'workers/main.ts' };
  await Promise.all([
    killing.atRandomTimes(listener, randomKills.listener),
    killing.atRandomTimes(worker, randomKills.worker),
    killing.atRandomTimes(worker, randomKills.worker),
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
