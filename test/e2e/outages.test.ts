import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import { createLedger } from '../../core/ledger.ts';
import { freePort } from '../support/free-port.ts';
import { put } from '../support/ftp-lab.ts';
import { startLandfall } from '../support/landfall-process.ts';
import { logIn, makeDataFolder, said } from './lab.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const MIB = 2 ** 20;
/** Milliseconds: after three attempts, which a busy machine may have had, the pipeline waits for five minutes. */
const RETRIED_WITHIN_MS = 400_000;

async function startLab(feeds: (delivered: string) => object[]) {
  const data = await makeDataFolder((delivered) => ({ feeds: feeds(delivered) }));
  cleanUp.push(data.remove);
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: { LANDFALL_SIGNATURES: '/nonexistent' },
  });
  cleanUp.push(landfall.kill);
  return { data, landfall, talk: await logIn(landfall.ftp.port) };
}

const toFolder = (path: string) => ({ to: 'folder', name: 'local', path });

/** What the timeline has of the file with this arrival id: stage, target and result of each record, in order. */
async function timelineOf(dataFolder: string, id: unknown): Promise<string[]> {
  const ledger = createLedger(await openDiskStore({ root: join(dataFolder, 'store') }));
  const timeline = await ledger.timeline(String(id));
  return timeline!.records.map(({ stage, target, result }) =>
    [stage, target, result].filter((part) => part !== undefined).join(' '),
  );
}

/** The clamd among the children of a process (proc(5)). */
async function clamdOf(pid: number): Promise<number> {
  for (const child of (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')) {
    if ((await readFile(`/proc/${child}/comm`, 'utf8')).trim() === 'clamd') return Number(child);
  }
  throw new Error('Landfall runs no clamd');
}

/** Bytes of what clamd is taking in to scan it: it keeps them in a temporary file for that time. */
async function bytesInScan(dataFolder: string): Promise<number> {
  const run = (await readdir(join(dataFolder, 'clamav'))).find((name) => name.startsWith('run-'))!;
  const folder = join(dataFolder, 'clamav', run, 'tmp');
  const sizes = (await readdir(folder)).map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}

it('holds a file whose scanner is killed in mid-scan, and passes it when the scanner is back', async () => {
  const { data, landfall, talk } = await startLab((delivered) => [
    { name: 'files', path: '/in/**', deliver: [toFolder(delivered)] },
  ]);
  expect(await put(talk, 'STOR /in/first.bin', 'the scanner is there')).toMatch(/^226 /);
  await landfall.line(said('delivered', '/in/first.bin'));

  const bytes = Buffer.concat(Array(128).fill(randomBytes(MIB)));
  const clamd = await clamdOf(landfall.child.pid!);
  process.kill(clamd, 'SIGSTOP');
  expect(await put(talk, 'STOR /in/second.bin', bytes)).toMatch(/^226 /);
  // It runs for a moment at a time, so that it is in mid-scan whenever it is looked at.
  while ((await bytesInScan(data.path)) < MIB) {
    process.kill(clamd, 'SIGCONT');
    await sleep(5);
    process.kill(clamd, 'SIGSTOP');
  }
  process.kill(clamd, 'SIGKILL');
  const { arrival } = await landfall.line(said('held, to be tried again', '/in/second.bin'));
  expect(await readdir(data.delivered)).not.toContain('second.bin');

  await landfall.line(said('delivered', '/in/second.bin'));
  expect((await readFile(join(data.delivered, 'second.bin'))).equals(bytes)).toBe(true);
  expect(await timelineOf(data.path, arrival)).toEqual([
    'validate passed',
    'scan held',
    'scan passed',
    'route routed',
    'deliver local delivered',
  ]);
});

it('delivers once to a webhook that was down, and delays nobody else', async () => {
  const port = await freePort();
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const hook = { to: 'webhook', name: 'hook', url: `http://127.0.0.1:${port}/landed`, secret };
  const { data, landfall, talk } = await startLab((delivered) => [
    { name: 'told', path: '/in/*.told', scan: 'off', deliver: [hook, toFolder(join(delivered, 'told'))] },
    { name: 'files', path: '/in/**', scan: 'off', deliver: [toFolder(join(delivered, 'files'))] },
  ]);
  for (const name of ['a.told', 'b.told']) expect(await put(talk, `STOR /in/${name}`, name)).toMatch(/^226 /);
  const { arrival } = await landfall.line(said('held, to be tried again', '/in/a.told'));
  await landfall.line(said('held, to be tried again', '/in/b.told'));
  await landfall.line(said('delivered', '/in/a.told'));
  expect(await put(talk, 'STOR /in/other.txt', 'for somebody else')).toMatch(/^226 /);
  await landfall.line(said('delivered', '/in/other.txt'));

  const received: string[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      received.push(String(request.headers['webhook-id']));
      response.writeHead(204).end();
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  for (const name of ['a.told', 'b.told']) {
    await landfall.line(
      (line) => said('delivered', `/in/${name}`)(line) && line.target === 'hook',
      RETRIED_WITHIN_MS,
    );
  }
  expect(await landfall.stop()).toBe(0);
  expect(received.length).toBe(2);
  expect(new Set(received).size).toBe(2);
  const timeline = await timelineOf(data.path, arrival);
  expect(timeline.filter((one) => one.startsWith('deliver hook'))).toEqual([
    'deliver hook held',
    'deliver hook delivered',
  ]);
  expect(timeline).toContain('deliver local delivered');
});
