import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LISTENERS } from '../../support/network/network.ts';
import { NETWORK_NAME } from '../../support/network/open-network.ts';
import { USER } from '../lab.ts';
import { type Fleet, PASSIVE_PORTS, PASSWORD, startFleet } from './fleet.ts';
import { showRelayed } from './relayed.ts';
import { showWarningsOfFailure } from './warnings.ts';

/** One process each, as one alone is slower than what it asks. */
const CROWDS = 4;
const SCRIPT = join(import.meta.dirname, '../many-clients/clients.py');

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({
    partner: () => ({ feeds: [{ name: 'all', path: '/in/**', scan: 'off' }] }),
    // All make theirs at once, which takes a busy machine long.
    env: { LANDFALL_FTP_DATA_TIMEOUT: '3 min' },
  });
});
afterAll(() => fleet?.stop());

const isRetry = (line: string): boolean => line.startsWith('tried again ');

function gather(first: number, count: number, addresses: 'own' | 'same') {
  const { network, ports } = fleet;
  const { within, base, address } = network.crowd;
  const from = addresses === 'own' ? base : address;
  const args = [ports.control, USER, PASSWORD, first, count, addresses, network.front, from].map(String);
  const [command, ...words] = [...within, 'python3', SCRIPT, ...args];
  const child = spawn(command!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') resolve();
    else lines.push(line);
  });
  const done = once(child, 'close').then(() => lines);
  // Clients that end early are told of by what they printed.
  return { ready: Promise.race([ready, done]), go: () => void child.stdin.end('go\n'), done };
}

describe(`${LISTENERS} listeners, each connection to a random one, ${NETWORK_NAME}`, () => {
  it.each([
    ['from as many addresses', 'own', 2000],
    ['from one address', 'same', 64],
  ] as const)(`clients %s upload at once over ${PASSIVE_PORTS} ports`, async (_name, addresses, clients) => {
    showWarningsOfFailure(fleet);
    // Every listener knows the password as right from here on: otherwise 2,000 would wait for its slow hash.
    const door = fleet.door();
    const login = ['--silent', '--user', `${door.user}:${door.password}`, `ftp://${door.host}:${door.port}/`];
    const visits = Array.from({ length: 12 }, () => ({ command: 'curl', args: ['--head', ...login] }));
    for (const visit of visits) await fleet.run(fleet.network.clients[0]!, visit).done;
    const each = clients / CROWDS;
    const crowds = Array.from({ length: CROWDS }, (_, index) => gather(index * each, each, addresses));
    await Promise.all(crowds.map(({ ready }) => ready));
    const began = performance.now();
    for (const crowd of crowds) crowd.go();
    const lines = (await Promise.all(crowds.map(({ done }) => done))).flat();
    const ms = Math.round(performance.now() - began);
    console.log(`${clients} clients: all stored after ${ms} ms; so far ${await showRelayed(fleet)}`);
    const [again, rest] = [lines.filter(isRetry), lines.filter((line) => !isRetry(line))];
    if (again.length > 0) console.log(`uploads that were told to come later: ${again.join(', ')}`);
    expect(rest).toEqual(crowds.map(() => `stored ${each}`));
  });
});
