import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LandfallFleet, startLandfallFleet } from '../support/landfall-fleet.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { makeDataFolder, PASSWORD, USER } from './lab.ts';

const run = promisify(execFile);
const cleanUp: (() => Promise<unknown> | unknown)[] = [];
let fleet: LandfallFleet;
beforeAll(async () => {
  const data = await makeDataFolder(() => ({
    limits: { sessions: 3000 },
    feeds: [{ name: 'all', path: '/in/**', scan: 'off' }],
  }));
  cleanUp.push(data.remove);
  fleet = await startLandfallFleet({ dataFolder: data.path, listeners: 3, passivePorts: 10 });
  cleanUp.push(() => fleet.close());
});
afterAll(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

it('curl', async () => {
  const folder = await temporaryFolder();
  cleanUp.push(folder.remove);
  const bytes = randomBytes(300_000);
  await writeFile(join(folder.path, 'one'), bytes);
  await mkdir(join(folder.path, 'back'));
  for (let i = 0; i < 20; i += 1) {
    const url = `ftp://${fleet.balancer.address}:${fleet.port}/in/f${i}`;
    const login = ['-sS', '-u', `${USER}:${PASSWORD}`];
    await run('curl', [...login, '-T', join(folder.path, 'one'), url]);
    await run('curl', [...login, '-o', join(folder.path, 'back', `f${i}`), url]);
    expect((await readFile(join(folder.path, 'back', `f${i}`))).equals(bytes)).toBe(true);
  }
  console.log(
    await fleet.sum('landfall_relays_total'),
    await fleet.sum('landfall_data_connections_stray_total'),
    fleet.balancer.sent,
    await fleet.sum('landfall_relays_received_total'),
  );
});
