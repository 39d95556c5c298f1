import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type OwnClamd, startOwnClamd } from '../../adapters/scanner/own-clamd.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eicar } from '../support/viruses.ts';
import { inChunks, never, testScanner, zeros } from './scanner-contract.ts';

const newFolder = () => mkdtempSync(join(tmpdir(), 'own-clamd-'));
const start = (folder: string, signatures = '/nonexistent') =>
  startOwnClamd({ folder: join(folder, 'clamav'), signatures, log: quietLog });

/** The processes of all clamds that run on a configuration below the folder. */
async function clamdsOf(folder: string): Promise<number[]> {
  const pattern = `^[^ ]*clamd -c ${folder}`;
  const found = await promisify(execFile)('pgrep', ['-f', pattern]).catch(() => ({ stdout: '' }));
  return found.stdout.split('\n').filter(Boolean).map(Number);
}

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await done())) await sleep(20);
}

describe('a clamd of our own', () => {
  const folder = newFolder();
  let own: OwnClamd;
  beforeAll(async () => {
    own = await start(folder);
  });
  afterAll(async () => {
    await own.stop();
    rmSync(folder, { recursive: true });
  });
  testScanner('clamd:own', () => own.scanner);
});

describe('its life', () => {
  let folder: string;
  let own: OwnClamd | undefined;
  beforeEach(() => {
    folder = newFolder();
    own = undefined;
  });
  afterEach(async () => {
    await own?.stop();
    rmSync(folder, { recursive: true });
  });
  const runFolder = () => join(folder, 'clamav', readdirSync(join(folder, 'clamav'))[0]!);

  test('the first scan waits until it is ready', async () => {
    own = await start(folder);
    expect(own.testSignatures).toBe(true);
    expect(await own.scanner.scan(inChunks(eicar), never)).toMatchObject({ kind: 'infected' });
  });

  test('nobody else may talk to it or read its files', async () => {
    own = await start(folder);
    await own.scanner.version();
    const { statSync } = await import('node:fs');
    expect(statSync(runFolder()).mode & 0o777).toBe(0o700);
    expect(statSync(join(runFolder(), 's')).mode & 0o777).toBe(0o600);
  });

  test('killed in the middle of a file: no verdict, and it comes back', async () => {
    own = await start(folder);
    async function* killing() {
      yield* zeros(2 ** 20);
      for (const pid of await clamdsOf(folder)) process.kill(pid, 'SIGKILL');
      await until(async () => (await clamdsOf(folder)).length === 0);
      yield* zeros(2 ** 20);
    }
    await expect(own.scanner.scan(killing(), never)).rejects.toMatchObject({ code: 'scanner-down' });
    expect(await own.scanner.scan(inChunks(eicar), never)).toMatchObject({ kind: 'infected' });
  });

  test('stopped, it leaves nothing', async () => {
    own = await start(folder);
    await own.scanner.version();
    expect(await clamdsOf(folder)).toHaveLength(1);
    await own.stop();
    expect(await clamdsOf(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'clamav'))).toEqual([]);
    await expect(own.scanner.scan(inChunks(), never)).rejects.toMatchObject({ code: 'scanner-down' });
  });

  test('stopped before it is ready, it leaves nothing', async () => {
    own = await start(folder);
    await own.stop();
    expect(await clamdsOf(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'clamav'))).toEqual([]);
  });

  test('hung, it is stopped all the same', async () => {
    own = await start(folder);
    await own.scanner.version();
    for (const pid of await clamdsOf(folder)) process.kill(pid, 'SIGSTOP');
    await own.stop();
    expect(await clamdsOf(folder)).toEqual([]);
  });

  test('it does not outlive a killed Landfall, nor do its files', async () => {
    const script = join(import.meta.dirname, '../support/own-clamd-process.ts');
    const landfall = spawn(process.execPath, [script, join(folder, 'clamav')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(landfall.stdout, 'data');
    expect(await clamdsOf(folder)).toHaveLength(1);
    landfall.kill('SIGKILL');
    await until(async () => (await clamdsOf(folder)).length === 0);
    await until(() => readdirSync(join(folder, 'clamav')).length === 0);
  });

  test('what a power failure left is removed; what is in use is not', async () => {
    const ended = spawn('true');
    await once(ended, 'exit');
    const [left, used] = [`run-${ended.pid}-abcdef`, `run-${process.ppid}-abcdef`];
    for (const name of [left, used]) mkdirSync(join(folder, 'clamav', name), { recursive: true });
    own = await start(folder);
    expect(existsSync(join(folder, 'clamav', left))).toBe(false);
    expect(existsSync(join(folder, 'clamav', used))).toBe(true);
  });

  test('a folder too deep for a socket does not matter', async () => {
    const deep = join(folder, 'x'.repeat(100));
    own = await start(deep);
    expect(await own.scanner.scan(inChunks(eicar), never)).toMatchObject({ kind: 'infected' });
    expect(existsSync(deep)).toBe(false);
  });

  test('a database that is there is used', async () => {
    writeFileSync(
      join(folder, 'own.ndb'),
      `Own.Signature:0:*:${Buffer.from('LOOK-FOR-THIS').toString('hex')}\n`,
    );
    own = await start(folder, folder);
    expect(own.testSignatures).toBe(false);
    expect(await own.scanner.scan(inChunks(Buffer.from('xLOOK-FOR-THISx')), never)).toEqual({
      kind: 'infected',
      signature: 'Own.Signature.UNOFFICIAL',
    });
    expect(await own.scanner.scan(inChunks(eicar), never)).toEqual({ kind: 'clean' });
  });

  test('a broken database is said to be the reason, and holds files', async () => {
    writeFileSync(join(folder, 'own.ndb'), 'no signature\n');
    const reason = Promise.withResolvers<unknown>();
    const log = {
      ...quietLog,
      warn: (fields: object) => reason.resolve((fields as { reason: string }).reason),
    };
    own = await startOwnClamd({ folder: join(folder, 'clamav'), signatures: folder, log });
    expect(await reason.promise).toMatch(/^exit code 1; its last line: .*(?:database|Malformed)/i);
    await expect(own.scanner.scan(inChunks(), AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'scanner-down',
    });
  });
});

test('the file of test signatures would trip no scanner itself', () => {
  const file = join(dirname(import.meta.dirname), '../adapters/scanner/test-signatures/landfall-test.ndb');
  expect(readFileSync(file, 'latin1')).not.toContain('EICAR-STANDARD');
});
