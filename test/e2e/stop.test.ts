import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { put, talkTo } from '../support/ftp-lab.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { startLandfall } from '../support/landfall-process.ts';
import { PATIENCE } from '../support/patience.ts';
import { startProgram } from '../wire/clients/run-program.ts';
import { engines } from './crash/engines.ts';
import { type DataFolder, logIn, makeDataFolder, PASSWORD, said, USER, unscannedFeed } from './lab.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const MIB = 2 ** 20;
const STOP_MS = 1_500;
/** Of an upload that takes much longer than a stop, and than a busy machine stands still. */
const [SIZE, RATE] = [24 * MIB, MIB];

async function dataFolder(): Promise<DataFolder> {
  const data = await makeDataFolder(unscannedFeed('/**'));
  cleanUp.push(data.remove);
  return data;
}

/** The value of the line of /metrics that begins so; 0 while there is none. */
async function metric(healthPort: string, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `)) ?? '0';
  return Number(line.split(' ').at(-1));
}
const uploadedBytes = (healthPort: string) =>
  metric(healthPort, 'landfall_transfer_bytes_total{direction="upload"}');

/** One of several listeners over the same store and queue. */
async function listenerOf(data: DataFolder, more: Record<string, string> = {}) {
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: {
      LANDFALL_STOP_TIMEOUT: `${STOP_MS} ms`,
      LANDFALL_SIGNATURES: '/nonexistent',
      ...more,
    },
  });
  cleanUp.push(landfall.kill);
  return landfall;
}

const shared = engines.filter(({ name }) => name !== 'on S3 and SQS');
describe.each(shared)('$name', ({ missing, start }) => {
  it.skipIf(missing)('an upload that the stop cuts goes on at another listener, sent once', async () => {
    const { env, stop } = await start();
    cleanUp.push(stop);
    const data = await dataFolder();
    const healthPort = String(await freePort());
    const alone = { LANDFALL_WORKERS: '0', LANDFALL_HEALTH_PORT: healthPort };
    const first = await listenerOf(data, { ...env, ...alone });
    const second = await listenerOf(data, env);
    const bytes = randomBytes(SIZE);
    const file = join(data.path, 'big.bin');
    await writeFile(file, bytes);
    const curl = (port: number, ...more: string[]) => {
      const url = `ftp://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/big.bin`;
      const args = ['--silent', '--show-error', '-w', '%{size_upload}', ...more, '-T', file, url];
      return startProgram({ command: 'curl', args }, data.path);
    };

    const cut = curl(first.ftp.port, '--limit-rate', String(RATE));
    await vi.waitUntil(async () => (await uploadedBytes(healthPort)) > 2 * MIB, PATIENCE);
    const began = performance.now();
    expect(await first.stop()).toBe(0);
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(STOP_MS - 50);
    expect(tookMs).toBeLessThan(STOP_MS + 20_000);
    await expect(cut.done).rejects.toThrow(/ended with/);
    expect(first.lines.some((line) => line.msg === 'received')).toBe(false);

    const talk = await logIn(second.ftp.port);
    const kept = Number((await talk.say('SIZE /big.bin', 213)).slice('213 '.length));
    expect(kept).toBeGreaterThan(MIB);
    expect(kept).toBeLessThan(bytes.length);

    const sent = Number(await curl(second.ftp.port, '-C', '-').done);
    expect(sent).toBe(bytes.length - kept);
    await second.line(said('delivered', '/big.bin'));
    expect((await readFile(join(data.delivered, 'big.bin'))).equals(bytes)).toBe(true);
    expect(second.lines.filter(said('delivered', '/big.bin'))).toHaveLength(1);
  });
});

/** Time for a transfer to end in. */
const TRANSFERS_END_MS = 60_000;

it('sessions between transfers are told at once, new ones find nobody, transfers may end', async () => {
  const data = await dataFolder();
  const landfall = await listenerOf(data, { LANDFALL_STOP_TIMEOUT: `${TRANSFERS_END_MS} ms` });
  const [idle, busy] = [await logIn(landfall.ftp.port), await logIn(landfall.ftp.port)];
  const upload = await busy.passive();
  await busy.say('STOR a.txt', 150);
  upload.write('first half, ');

  landfall.child.kill('SIGTERM');
  const began = performance.now();
  await idle.expect(421);
  await idle.closed;
  expect(performance.now() - began).toBeLessThan(TRANSFERS_END_MS / 3);
  const isRefused = () =>
    talkTo(landfall.ftp.port).then(
      () => false,
      () => true,
    );
  await vi.waitUntil(isRefused, PATIENCE);
  upload.end('second half');
  await busy.expect(226);
  await busy.expect(421);
  expect(await landfall.exited).toBe(0);

  const next = await listenerOf(data);
  // By the one that has stopped, or by this one.
  const delivered = () => readFile(join(data.delivered, 'a.txt'), 'utf8').catch(() => undefined);
  expect(await vi.waitUntil(delivered, PATIENCE)).toBe('first half, second half');
  expect(await put(await logIn(next.ftp.port), 'STOR b.txt', 'more')).toMatch(/^226/);
});

it('behind a balancer that asks /readyz, no new session meets the listener that stops', async () => {
  const data = await dataFolder();
  const healthPorts = [String(await freePort()), String(await freePort())];
  const [first, second] = await Promise.all(
    healthPorts.map((port) =>
      listenerOf(data, {
        LANDFALL_WORKERS: '0',
        LANDFALL_HEALTH_PORT: port,
        LANDFALL_DRAIN_DELAY: '10 s',
        LANDFALL_PROXY_PROTOCOL_FROM: '127.0.0.1',
      }),
    ),
  );
  const port = await freePort();
  const servers = [first!, second!].map(
    ({ ftp }, index) =>
      `  server s${index} 127.0.0.1:${ftp.port} send-proxy-v2 check port ${healthPorts[index]} inter 500ms fall 1\n`,
  );
  const sections = `listen ftp\n  bind 127.0.0.1:${port}\n  option httpchk GET /readyz\n${servers.join('')}`;
  const proxy = await startHaproxy(sections, port);
  cleanUp.push(proxy.stop);

  let over = false;
  const visits = (async () => {
    let count = 0;
    for (; !over; count += 1) {
      const talk = await talkTo(port);
      await talk.expect(220);
      await talk.say('QUIT', 221);
      await talk.closed;
      await sleep(20);
    }
    return count;
  })();
  // How they went is asked at the end.
  visits.catch(() => undefined);
  const sessions = (healthPort: string) => metric(healthPort, 'landfall_sessions_opened_total');
  await vi.waitUntil(async () => (await sessions(healthPorts[0]!)) > 5, PATIENCE);
  expect(await first!.stop()).toBe(0);
  const before = await sessions(healthPorts[1]!);
  await vi.waitUntil(async () => (await sessions(healthPorts[1]!)) > before + 5, PATIENCE);
  over = true;
  expect(await visits).toBeGreaterThan(10);
});
