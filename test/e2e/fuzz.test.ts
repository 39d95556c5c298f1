import { randomInt } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { COMMANDS } from '../../services/ftp/commands/all.ts';
import { get, put } from '../support/ftp-lab.ts';
import { residentMemory, startLandfall } from '../support/landfall-process.ts';
import { makeCertificate } from '../support/tls-certificates.ts';
import { playSession } from './fuzz/play-session.ts';
import { logIn, makeDataFolder, PASSWORD, said, USER } from './lab.ts';

/** Sessions that make no sense, by a seed: LANDFALL_TEST_FUZZ_SEED plays those of a failure again. */
const SESSIONS = Number(process.env.LANDFALL_TEST_FUZZ_SESSIONS ?? 2_500);
const SEED = Number(process.env.LANDFALL_TEST_FUZZ_SEED ?? randomInt(2 ** 31));
const AT_ONCE = 64;
/** Sessions after which code is compiled and caches are full. */
const WARM_UP = Math.min(1_000, SESSIONS);
const MIB = 2 ** 20;
/** V8's heap of old objects: a leak of 3 KiB a session fills it in 30,000. A third of it is in use. */
const HEAP_MIB = 96;
/** What memory outside it, and what V8 keeps for later, may grow by after the first sessions. */
const MEMORY_SWING_MIB = 192;
/** Descriptors that a process may have open or not. */
const DESCRIPTOR_SWING = 8;
/** The server's own time limits, and a rest. */
const QUIET_WITHIN_MS = 60_000;

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

it(`lives through ${SESSIONS} mutated sessions of seed ${SEED}, and leaks nothing`, async () => {
  const data = await makeDataFolder(() => ({ feeds: [{ name: 'any', path: '/**', scan: 'off' }] }));
  cleanUp.push(data.remove);
  const certificates = join(data.path, 'certificates');
  await mkdir(certificates);
  await makeCertificate(certificates, 'own');
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: {
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
      LANDFALL_TLS_CERTIFICATES: certificates,
      LANDFALL_MEMORY: '16 MiB',
      LANDFALL_SIGNATURES: '/nonexistent',
      LANDFALL_FTP_IDLE_TIMEOUT: '5 s',
      LANDFALL_FTP_LOGIN_TIMEOUT: '5 s',
      LANDFALL_FTP_DATA_TIMEOUT: '1 s',
      LANDFALL_FTP_STALL_TIMEOUT: '2 s',
    },
  });
  cleanUp.push(landfall.kill);
  const pid = landfall.child.pid!;
  const right = [`USER ${USER}`, `PASS ${PASSWORD}`];
  const target = {
    port: landfall.ftp.port,
    commands: COMMANDS,
    logins: [
      ...Array.from({ length: 30 }, () => right),
      [],
      [],
      ['USER anonymous', 'PASS x'],
      right.slice(1),
    ],
  };

  const play = async (from: number, to: number): Promise<void> => {
    let next = from;
    const player = async (): Promise<void> => {
      while (next < to && landfall.child.exitCode === null) await playSession(target, SEED + next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, player));
  };
  /** When all sessions have ended: what is open then. */
  const descriptors = async (atMost: number): Promise<number> => {
    const until = Date.now() + QUIET_WITHIN_MS;
    for (;;) {
      const open = (await readdir(`/proc/${pid}/fd`)).length;
      if (open <= atMost || Date.now() > until) return open;
      await sleep(200);
    }
  };

  const atReady = (await readdir(`/proc/${pid}/fd`)).length;
  await play(0, WARM_UP);
  const quiet = atReady + DESCRIPTOR_SWING;
  const warm = { open: await descriptors(quiet), memory: await residentMemory(pid) };
  const startedAt = performance.now();
  await play(WARM_UP, SESSIONS);
  const seconds = (performance.now() - startedAt) / 1000;
  const seed = `seed ${SEED}`;
  expect(landfall.child.exitCode, seed).toBeNull();

  const end = { open: await descriptors(quiet), memory: await residentMemory(pid) };
  const shown = [warm.memory, end.memory].map((bytes) => `${Math.round(bytes / MIB)} MiB`);
  console.log(
    `fuzz: ${SESSIONS} sessions of seed ${SEED}, ${Math.round((SESSIONS - WARM_UP) / seconds)} a second; ` +
      `descriptors ${atReady} at ready, ${warm.open} after ${WARM_UP}, ${end.open} at the end; memory ${shown.join(', ')}`,
  );
  const count = (msg: string): number => landfall.lines.filter((line) => line.msg === msg).length;
  // It got somewhere, and did not only knock.
  expect(count('logged in'), seed).toBeGreaterThan(SESSIONS / 2);
  for (const done of ['received', 'sent']) expect(count(done), done).toBeGreaterThan(SESSIONS / 1_000);
  const faults = landfall.lines.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(faults.slice(0, 5), seed).toEqual([]);
  expect(end.open, seed).toBeLessThanOrEqual(quiet);
  expect(end.memory, seed).toBeLessThan(warm.memory + MEMORY_SWING_MIB * MIB);

  const talk = await logIn(landfall.ftp.port);
  expect(await put(talk, 'STOR /after.txt', 'still here'), seed).toMatch(/^226 /);
  expect((await get(talk, 'RETR /after.txt')).toString(), seed).toBe('still here');
  await landfall.line(said('routed', '/after.txt'), 60_000);
  await talk.say('QUIT', 221);
  expect(await landfall.stop(), seed).toBe(0);
});
