import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { Look } from '../../services/health/readiness.ts';
import { freePort } from '../support/free-port.ts';
import { put, talkTo } from '../support/ftp-lab.ts';
import { type LandfallProcess, startLandfall } from '../support/landfall-process.ts';
import { startRedis } from '../support/redis-server.ts';
import { logIn, makeDataFolder, PASSWORD, said, USER, unscannedFeed } from './lab.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** Landfall with health pages, as its listener with workers or with another main. */
async function startLab(env: Record<string, string> = {}, main?: string) {
  const data = await makeDataFolder(unscannedFeed('/**'));
  cleanUp.push(data.remove);
  const port = await freePort();
  const landfall = await startLandfall({
    dataFolder: data.path,
    ...(main === undefined ? {} : { main }),
    env: {
      LANDFALL_HEALTH_PORT: String(port),
      LANDFALL_FTP_PASSIVE_PORTS: '26500-26509',
      LANDFALL_SIGNATURES: '/nonexistent',
      ...env,
    },
  });
  cleanUp.push(landfall.kill);
  const page = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const look = async (): Promise<{ status: number; look: Look }> => {
    const response = await page('/readyz');
    return { status: response.status, look: (await response.json()) as Look };
  };
  return { landfall, page, look, metrics: async () => (await page('/metrics')).text() };
}

it('tells that it is alive and ready, and counts what happens', async () => {
  const { landfall, page, look, metrics } = await startLab();
  expect((await page('/livez')).status).toBe(200);
  const up = { state: 'up', since: expect.stringMatching(/^\d{4}-.*Z$/) };
  expect(await look()).toEqual({
    status: 200,
    look: {
      ready: true,
      parts: { store: up, queue: up, fleet: up },
      draining: { state: 'no', since: up.since },
    },
  });
  expect((await page('/nothing')).status).toBe(404);
  expect((await page('/readyz', { method: 'POST', body: 'x' })).status).toBe(405);
  expect((await page('/readyz', { method: 'HEAD' })).status).toBe(200);

  const stranger = await talkTo(landfall.ftp.port);
  await stranger.expect(220);
  await stranger.say('USER nobody', 331);
  await stranger.say('PASS wrong', 530);
  const talk = await logIn(landfall.ftp.port);
  expect(await put(talk, 'STOR a.txt', 'twelve bytes')).toMatch(/^226/);
  const data = await talk.passive();
  await talk.say('STOR cut.txt', 150);
  data.write('some');
  await sleep(100);
  data.resetAndDestroy();
  await talk.expect(426);
  await landfall.line(said('delivered', '/a.txt'));
  await vi.waitUntil(async () => (await metrics()).includes('landfall_stages_total{stage="deliver"'));

  const text = await metrics();
  for (const line of [
    'landfall_sessions 2',
    'landfall_sessions_opened_total 2',
    'landfall_logins_total{outcome="accepted"} 1',
    'landfall_logins_total{outcome="bad-credentials"} 1',
    'landfall_transfers_total{direction="upload",outcome="done"} 1',
    'landfall_transfers_total{direction="upload",outcome="cancelled"} 1',
    'landfall_transfer_bytes_total{direction="upload"} 16',
    'landfall_stages_total{stage="validate",outcome="passed"} 1',
    'landfall_stages_total{stage="deliver",outcome="delivered"} 1',
    'landfall_queue_messages{queue="deliver",state="dead"} 0',
    'landfall_part_state{part="store",state="up"} 1',
    'landfall_data_connections_expected 0',
    'landfall_buffer_blocks_used 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m);
});

it('is not ready while its queue hangs, ready again when it answers; a fleet that is away is degraded', async () => {
  const [queue, fleet] = [await startRedis(), await startRedis()];
  cleanUp.push(queue.remove, fleet.remove);
  const { page, look } = await startLab({ LANDFALL_QUEUE: queue.url, LANDFALL_FLEET: fleet.url });
  expect((await look()).status).toBe(200);
  const whenParts = (wanted: object) =>
    vi.waitFor(async () => expect((await look()).look.parts).toMatchObject(wanted), { timeout: 30_000 });

  await fleet.kill();
  await whenParts({ fleet: { state: 'degraded' } });
  expect((await look()).status).toBe(200);

  queue.process.kill('SIGSTOP');
  await whenParts({ queue: { state: 'down' } });
  for (let count = 0; count < 3; count += 1) {
    const began = performance.now();
    expect((await look()).status).toBe(503);
    expect((await page('/metrics')).status).toBe(200);
    expect((await page('/livez')).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(8_000);
  }
  queue.process.kill('SIGCONT');
  await fleet.start();
  await whenParts({ queue: { state: 'up' }, fleet: { state: 'up' } });
  expect((await look()).status).toBe(200);
});

it('workers in a process of their own have the pages, too', async () => {
  const { page, look, metrics } = await startLab({}, 'workers/main.ts');
  expect((await page('/livez')).status).toBe(200);
  expect((await look()).status).toBe(200);
  expect(await metrics()).toContain('landfall_queue_messages{queue="scan",state="waiting"} 0');
});

it('told to stop, it is unready at once, and takes sessions until a balancer has noticed', async () => {
  const { landfall, page, look } = await startLab({ LANDFALL_DRAIN_DELAY: '1500 ms' });
  const idle = await logIn(landfall.ftp.port);
  const began = performance.now();
  landfall.child.kill('SIGTERM');
  await vi.waitUntil(async () => (await look()).status === 503);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect((await look()).look).toMatchObject({ ready: false, draining: { state: 'yes' } });
  expect((await page('/livez')).status).toBe(200);

  const late = await talkTo(landfall.ftp.port);
  await late.expect(220);
  await late.say(`USER ${USER}`, 331);
  await late.say(`PASS ${PASSWORD}`, 230);
  await idle.expect(421);
  expect(performance.now() - began).toBeGreaterThan(1_400);
  await late.expect(421);
  expect(await landfall.exited).toBe(0);
});

it('has no pages unless it is told to', async () => {
  const data = await makeDataFolder(() => ({}));
  cleanUp.push(data.remove);
  const env = { LANDFALL_FTP_PASSIVE_PORTS: '26500-26509', LANDFALL_WORKERS: '0' };
  const landfall: LandfallProcess = await startLandfall({ dataFolder: data.path, env });
  cleanUp.push(landfall.kill);
  expect(landfall.lines.find(({ event }) => event === 'ready')).not.toHaveProperty('health');
});
