import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { freePassivePorts } from '../support/free-ports.ts';
import { startLandfall } from '../support/landfall-process.ts';
import { logIn, makeDataFolder, PASSWORD, USER } from './lab.ts';

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const PASSIVE_PORTS = 10;
/** One process each, as one alone is slower than what it asks. */
const CROWDS = 4;

interface Crowd {
  readonly ready: Promise<void>;
  go(): void;
  /** Lines that it printed. */
  readonly done: Promise<string[]>;
}

function gather(port: number, first: number, count: number, addresses: 'own' | 'same'): Crowd {
  const script = join(import.meta.dirname, 'many-clients/clients.py');
  const args = [script, ...[port, USER, PASSWORD, first, count, addresses].map(String)];
  const child = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  cleanUp.push(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') resolve();
    else lines.push(line);
  });
  const done = once(child, 'close').then(() => {
    reject(new Error(`the clients ended before they were ready\n${lines.join('\n')}`));
    return lines;
  });
  return { ready, go: () => void child.stdin.end('go\n'), done };
}

async function start() {
  const data = await makeDataFolder(() => ({
    limits: { sessions: 3000 },
    feeds: [{ name: 'all', path: '/in/**', scan: 'off' }],
  }));
  cleanUp.push(data.remove);
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: {
      LANDFALL_FTP_PASSIVE_PORTS: await freePassivePorts(PASSIVE_PORTS),
      LANDFALL_MAX_SESSIONS: '3000',
      // All make theirs at once, which takes a busy machine long.
      LANDFALL_FTP_DATA_TIMEOUT: '3 min',
      LANDFALL_WORKERS: '0',
      LANDFALL_SIGNATURES: '/nonexistent',
    },
  });
  cleanUp.push(landfall.kill);
  return landfall;
}

it.each([
  ['from as many addresses', 'own', 2000],
  ['from one address', 'same', 64],
] as const)('clients %s upload at once over ten ports', async (_name, addresses, clients) => {
  const landfall = await start();
  // The password is known as right from here on: otherwise 2,000 would wait for its slow hash, and 1,700 be refused.
  (await logIn(landfall.ftp.port)).socket.destroy();
  const each = clients / CROWDS;
  const crowds = Array.from({ length: CROWDS }, (_, index) =>
    gather(landfall.ftp.port, index * each, each, addresses),
  );
  await Promise.all(crowds.map(({ ready }) => ready));
  const began = performance.now();
  for (const crowd of crowds) crowd.go();
  const lines = (await Promise.all(crowds.map(({ done }) => done))).flat();
  const ms = Math.round(performance.now() - began);
  console.log(`${clients} clients over ${PASSIVE_PORTS} ports: all stored after ${ms} ms`);
  expect(lines).toEqual(crowds.map(() => `stored ${each}`));
});
