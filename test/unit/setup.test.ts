import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The set-up script in a checkout of its own, on a PATH that has small scripts in place of npm, apt-get and sudo. */
let checkout: string;
let bin: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'setup-'));
  bin = join(checkout, 'bin');
  mkdirSync(bin);
  copyFileSync(setup, join(checkout, 'setup.mjs'));
  writeFileSync(join(checkout, 'package-lock.json'), lockFile('sha512-a'));
  for (const program of programs) script(program, '');
  script('sudo', `shift; name=$1; shift; exec ${bin}/$name "$@"`);
  script('env', `shift; name=$1; shift; exec ${bin}/$name "$@"`);
  script('npm', npmThatBrings('v24.1.0'));
});
afterEach(() => rmSync(checkout, { recursive: true }));

const setup = join(import.meta.dirname, '../../setup.mjs');
const programs = [...readFileSync(setup, 'utf8').matchAll(/program: '([^']+)'/g)].map(([, name]) => name!);

const lockFile = (integrity: string) =>
  JSON.stringify({
    packages: { '': {}, 'node_modules/a': { integrity }, 'node_modules/b': { optional: true } },
  });

function script(name: string, body: string): void {
  const head = `#!/bin/sh\nPATH=/usr/bin:/bin\necho "${name} $*" >> ${checkout}/calls\n`;
  const path = join(bin, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${head}${body}\n`, { mode: 0o755 });
}

const npmThatBrings = (version: string) => `
sleep 0.2
mkdir -p node_modules/.bin
cp package-lock.json node_modules/.package-lock.json
printf '#!/bin/sh\\necho ${version}\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node`;

const setUp = (...args: string[]) => setUpWith({}, ...args);

async function setUpWith(settings: Record<string, string>, ...args: string[]) {
  const env = { PATH: `${bin}:`, ...settings };
  const child = spawn(process.execPath, [join(checkout, 'setup.mjs'), ...args], { env });
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { status, out, err };
}
const calls = () =>
  existsSync(join(checkout, 'calls')) ? readFileSync(join(checkout, 'calls'), 'utf8') : '';
const nothing = { status: 0, out: '', err: '' };

test('the first time it installs, the second time it does and says nothing', async () => {
  expect(await setUp('test')).toEqual({ status: 0, out: 'Installing npm packages\n', err: '' });
  expect(calls()).toBe('npm ci --include=dev --no-audit --no-fund --loglevel=error\n');
  expect(await setUp('test')).toEqual(nothing);
  expect(calls().split('\n')).toHaveLength(2);
});

test('a lock file that has changed is installed again; quietly when asked to', async () => {
  await setUp('run');
  writeFileSync(join(checkout, 'package-lock.json'), lockFile('sha512-b'));
  expect(await setUp('run', '--quiet')).toEqual(nothing);
  expect(calls().match(/npm ci/g)).toHaveLength(2);
});

test('two at once install once', async () => {
  const both = await Promise.all([setUp('run'), setUp('run')]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(calls().match(/npm ci/g)).toHaveLength(1);
  expect(existsSync(join(checkout, '.setup-lock'))).toBe(false);
});

test('the lock of a process that is no more holds nobody up', async () => {
  const ended = spawn('true');
  await once(ended, 'exit');
  mkdirSync(join(checkout, '.setup-lock'));
  writeFileSync(join(checkout, '.setup-lock', 'pid'), String(ended.pid));
  expect((await setUp('run')).status).toBe(0);
});

test('missing programs are installed where it may', async () => {
  rmSync(join(bin, 'lftp'));
  rmSync(join(bin, 'wput'));
  script('apt-get', `case "$*" in *install*) touch ${bin}/lftp ${bin}/wput;; esac`);
  expect((await setUp('run')).out).toBe('Installing npm packages\n');
  expect(await setUp('test')).toEqual({ status: 0, out: 'Installing Debian packages: lftp wput\n', err: '' });
  expect(calls()).toMatch(
    /apt-get .*update\n(.*\n)*apt-get .*install -y --no-install-recommends lftp wput\n/,
  );
  expect(await setUp('test')).toEqual(nothing);
});

test('a scanner elsewhere, or none, needs no clamd here; nor does what only reads and writes files', async () => {
  await setUp('packages');
  rmSync(join(bin, 'freshclam'));
  script('apt-get', `touch ${bin}/freshclam`);
  expect(await setUp('packages')).toEqual(nothing);
  expect(await setUpWith({ LANDFALL_SCANNER: 'clamd:scanner:3310' }, 'run')).toEqual(nothing);
  expect(await setUpWith({ LANDFALL_WORKERS: '0' }, 'run')).toEqual(nothing);
  expect((await setUpWith({ LANDFALL_SCANNER: 'clamd:own' }, 'run')).out).toMatch(/clamav-freshclam/);
  rmSync(join(bin, 'freshclam'));
  expect((await setUpWith({ LANDFALL_WORKERS: '0' }, 'test')).out).toMatch(/clamav-freshclam/);
});

test('where it may not, it says what to install', async () => {
  rmSync(join(bin, 'lftp'));
  const { status, err } = await setUp('test');
  expect(status).toBe(1);
  expect(err).toContain('Landfall needs lftp');
  for (const how of ['sudo apt-get install lftp', 'sudo dnf install lftp', 'brew install lftp']) {
    expect(err).toContain(how);
  }
});

test('an install that fails says why', async () => {
  rmSync(join(bin, 'lftp'));
  script('apt-get', 'echo "E: no such package" >&2; exit 100');
  expect(await setUp('test')).toMatchObject({
    status: 1,
    err: expect.stringContaining('E: no such package'),
  });
  script('npm', 'echo "ENOTFOUND" >&2; exit 1');
  expect(await setUp('run')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/npm ci failed.*ENOTFOUND/s),
  });
  expect(existsSync(join(checkout, '.setup-lock'))).toBe(false);
});

test('another Node than the right one is an error', async () => {
  script('npm', npmThatBrings('v20.1.0'));
  expect(await setUp('run')).toMatchObject({ status: 1, err: expect.stringContaining('brought v20.1.0') });
});

test('it says how it is used', async () => {
  expect(await setUp('walk')).toMatchObject({ status: 1, err: expect.stringContaining('run|test|bench') });
});
