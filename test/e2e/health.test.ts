import { afterEach, expect, it, vi } from 'vitest';
import type { Look } from '../../services/health/readiness.ts';
import { freePort } from '../support/free-port.ts';
import { put, talkTo } from '../support/ftp-lab.ts';
import { type LandfallProcess, startLandfall } from '../support/landfall-process.ts';
import { PATIENCE } from '../support/patience.ts';
import { startRedis } from '../support/redis-server.ts';
import { logIn, makeDataFolder, PASSWORD, said, USER, unscannedFeed } from './lab.ts';

/** Less than the queue itself waits for an answer, at each page that asks it. */
const PAGES_WITHIN_MS = 8_000;
/** Long enough to be looked at, and to log in, on a busy machine. */
const DRAIN_MS = 10_000;

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
  await vi.waitUntil(async () => (await talk.say('STAT', 211)).includes('has moved 4 bytes'), PATIENCE);
  data.resetAndDestroy();
  await talk.expect(426);
  await landfall.line(said('delivered', '/a.txt'));
  await vi.waitUntil(
    async () => (await metrics()).includes('landfall_stages_total{stage="deliver"'),
    PATIENCE,
  );

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
    vi.waitFor(async () => expect((await look()).look.parts).toMatchObject(wanted), PATIENCE);

  await fleet.kill();
  await whenParts({ fleet: { state: 'degraded' } });
  expect((await look()).status).toBe(200);

  queue.process.kill('SIGSTOP');
  await whenParts({ queue: { state: 'down' } });
  const pagesMs = async (): Promise<number> => {
    const began = performance.now();
    expect((await look()).status).toBe(503);
    expect((await page('/metrics')).status).toBe(200);
    expect((await page('/livez')).status).toBe(200);
    return performance.now() - began;
  };
  // A busy machine is slower, now and then.
  await vi.waitUntil(async () => (await pagesMs()) < PAGES_WITHIN_MS, PATIENCE);
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
  const { landfall, page, look } = await startLab({ LANDFALL_DRAIN_DELAY: `${DRAIN_MS} ms` });
  const idle = await logIn(landfall.ftp.port);
  const began = performance.now();
  landfall.child.kill('SIGTERM');
  await vi.waitUntil(async () => (await look()).status === 503, PATIENCE);
  expect(performance.now() - began).toBeLessThan(DRAIN_MS / 2);
  expect((await look()).look).toMatchObject({ ready: false, draining: { state: 'yes' } });
  expect((await page('/livez')).status).toBe(200);

  const late = await talkTo(landfall.ftp.port);
  await late.expect(220);
  await late.say(`USER ${USER}`, 331);
  await late.say(`PASS ${PASSWORD}`, 230);
  await idle.expect(421);
  expect(performance.now() - began).toBeGreaterThan(DRAIN_MS - 100);
  await late.expect(421);
  expect(await landfall.exited).toBe(0);
});

it('has no pages unless it is told to', async () => {
  const data = await makeDataFolder(() => ({}));
  cleanUp.push(data.remove);
  const env = { LANDFALL_WORKERS: '0' };
  const landfall: LandfallProcess = await startLandfall({ dataFolder: data.path, env });
  cleanUp.push(landfall.kill);
  expect(landfall.lines.find(({ event }) => event === 'ready')).not.toHaveProperty('health');
});
