import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { peakMemory, residentMemory, startLandfall } from '../support/landfall-process.ts';
import { type DataFolder, makeDataFolder, PASSWORD, USER } from './lab.ts';

/** Memory does not grow with files: what a process takes beyond its start is its budget for transfers and a rest. */

const MIB = 2 ** 20;
const BUDGET_MIB = 64;
/** What grows besides the budget, in MiB, whatever is sent. */
const ALLOWANCE_MIB = {
  'one run of scrypt, at the login': 32,
  'the young generation of V8, and code that is compiled when it is busy': 24,
  'stacks and arenas of the threads that do the work of the disk': 8,
};

/** Milliseconds after the upload. */
const ROUTED_WITHIN_MS = 400_000;

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function startLab() {
  const data = await makeDataFolder(() => ({
    digests: ['sha256'],
    feeds: [{ name: 'backup', path: '/in/**', scan: 'off' }],
  }));
  cleanUp.push(data.remove);
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: {
      LANDFALL_MEMORY: `${BUDGET_MIB} MiB`,
    },
  });
  cleanUp.push(landfall.kill);
  const pid = landfall.child.pid!;
  return { data, landfall, pid, residentAtReady: await residentMemory(pid) };
}

/** A file of zeros that takes no room on the disk. */
async function sparseFile(data: DataFolder, size: number): Promise<string> {
  const path = join(data.path, 'sparse');
  const file = await open(path, 'w');
  await file.truncate(size);
  await file.close();
  return path;
}

async function curlUpload(port: number, file: string, name: string): Promise<void> {
  const login = `${USER}:${PASSWORD}`;
  const url = `ftp://127.0.0.1:${port}/in/${name}`;
  const curl = spawn('curl', ['--silent', '--show-error', '--user', login, '--upload-file', file, url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(curl, 'exit');
  if (code !== 0) throw new Error(`curl ended with ${code} for ${name}`);
}

const wasRouted = (name: string) => (line: Record<string, unknown>) =>
  line.msg === 'routed' && line.path === `/in/${name}`;

async function requireBounded(what: string, { pid, residentAtReady }: Awaited<ReturnType<typeof startLab>>) {
  const peak = await peakMemory(pid);
  const shown = [peak, residentAtReady].map((bytes) => `${Math.round(bytes / MIB)} MiB`);
  console.log(`${what}: peak ${shown[0]}, ${shown[1]} at ready, budget ${BUDGET_MIB} MiB`);
  const allowed = Object.values(ALLOWANCE_MIB).reduce((sum, part) => sum + part, BUDGET_MIB);
  expect(peak).toBeLessThan(residentAtReady + allowed * MIB);
}

it('takes a file of 4 GiB within its budget', async () => {
  const lab = await startLab();
  const file = await sparseFile(lab.data, 4 * 1024 * MIB);
  await curlUpload(lab.landfall.ftp.port, file, 'huge.img');
  await lab.landfall.line(wasRouted('huge.img'), ROUTED_WITHIN_MS);
  await requireBounded('4 GiB', lab);
  const stored = join(lab.data.path, 'store/objects/files/acme/in/huge.img');
  expect((await stat(stored)).size).toBe(4 * 1024 * MIB);
});

it('takes fifty files of 100 MiB at once within its budget', async () => {
  const lab = await startLab();
  const file = await sparseFile(lab.data, 100 * MIB);
  const names = Array.from({ length: 50 }, (_, index) => `backup-${index}.img`);
  await Promise.all(names.map((name) => curlUpload(lab.landfall.ftp.port, file, name)));
  for (const name of names) await lab.landfall.line(wasRouted(name), ROUTED_WITHIN_MS);
  await requireBounded('50 x 100 MiB', lab);
  await rm(file);
});
