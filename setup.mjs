/**
 * Brings what Landfall needs and this machine lacks: the npm packages, a Node that runs TypeScript among them, and
 * programs of the system: `node setup.mjs run` for running it, `test` for its tests as well, `bench` for all;
 * `packages` for what needs no programs.
 *
 * The first process of every npm script, so it needs no package and runs on Node 20. Where nothing is missing it does
 * and says nothing. npm puts node_modules/.bin before the PATH: the script that follows has the Node of package.json.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What must be on the PATH, for which mode, and the package that brings it; `-` where none is known. */
const PROGRAMS = [
  { program: 'clamd', mode: 'run', debian: 'clamav-daemon', fedora: 'clamd', macos: 'clamav' },
  {
    program: 'freshclam',
    mode: 'run',
    debian: 'clamav-freshclam',
    fedora: 'clamav-freshclam',
    macos: 'clamav',
  },
  { program: 'openssl', mode: 'test', debian: 'openssl', fedora: 'openssl', macos: 'openssl' },
  { program: 'curl', mode: 'test', debian: 'curl', fedora: 'curl', macos: 'curl' },
  { program: 'lftp', mode: 'test', debian: 'lftp', fedora: 'lftp', macos: 'lftp' },
  { program: 'ncftp', mode: 'test', debian: 'ncftp', fedora: 'ncftp', macos: 'ncftp' },
  { program: 'tnftp', mode: 'test', debian: 'tnftp', fedora: 'tnftp', macos: 'tnftp' },
  { program: 'inetutils-ftp', mode: 'test', debian: 'inetutils-ftp', fedora: '-', macos: 'inetutils' },
  { program: 'wput', mode: 'test', debian: 'wput', fedora: '-', macos: '-' },
  { program: 'rclone', mode: 'test', debian: 'rclone', fedora: 'rclone', macos: 'rclone' },
  { program: 'redis-server', mode: 'test', debian: 'redis-server', fedora: 'redis', macos: 'redis' },
  { program: 'haproxy', mode: 'test', debian: 'haproxy', fedora: 'haproxy', macos: 'haproxy' },
  { program: 'ip', mode: 'test', debian: 'iproute2', fedora: 'iproute', macos: '-' },
  { program: 'nft', mode: 'test', debian: 'nftables', fedora: 'nftables', macos: '-' },
  { program: 'python3', mode: 'test', debian: 'python3', fedora: 'python3', macos: 'python' },
  { program: 'wget', mode: 'test', debian: 'wget', fedora: 'wget', macos: 'wget' },
  { program: 'php', mode: 'test', debian: 'php-cli', fedora: 'php-cli', macos: 'php' },
  { program: 'busybox', mode: 'test', debian: 'busybox', fedora: 'busybox', macos: '-' },
  // perl alone may be the small one of the base system, without Net::FTP; this comes with the modules.
  { program: 'cpan', mode: 'test', debian: 'perl', fedora: 'perl', macos: 'perl' },
  {
    program: 'IO/Socket/SSL.pm',
    mode: 'test',
    debian: 'libio-socket-ssl-perl',
    fedora: 'perl-IO-Socket-SSL',
    macos: '-',
  },
  { program: 'testssl', mode: 'test', debian: 'testssl.sh', fedora: 'testssl', macos: '-' },
  { program: 'nmap', mode: 'test', debian: 'nmap', fedora: 'nmap', macos: 'nmap' },
  { program: 'radosgw', mode: 'test', debian: 'radosgw', fedora: 'ceph-radosgw', macos: '-' },
  { program: 'ceph-mon', mode: 'test', debian: 'ceph-mon', fedora: 'ceph-mon', macos: '-' },
  { program: 'ceph-osd', mode: 'test', debian: 'ceph-osd', fedora: 'ceph-osd', macos: '-' },
  { program: 'ceph', mode: 'test', debian: 'ceph-common', fedora: 'ceph-common', macos: '-' },
  { program: 'vsftpd', mode: 'bench', debian: 'vsftpd', fedora: 'vsftpd', macos: '-' },
];
/** Where daemons are, which is not on every user's PATH. */
const DAEMON_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];
/** Where packages of the system put Perl's modules. */
const PERL_FOLDERS = ['/usr/share/perl5', '/usr/share/perl5/vendor_perl'];
const NODE_MAJOR = 24;

const INSTALL_MS = 15 * 60 * 1000;
/** Longer than one other setup takes. */
const LOCK_WAIT_MS = 2 * INSTALL_MS;
const LOCK_LOOK_MS = 100;
/** A lock that has no process's number after so long will never get one. */
const LOCK_EMPTY_MS = 10_000;
/** Lines of a failed program's output that are shown. */
const SHOWN_LINES = 25;

const root = fileURLToPath(new URL('.', import.meta.url));
const modules = join(root, 'node_modules');
const lock = join(root, '.setup-lock');
const [mode, ...flags] = process.argv.slice(2);
const modes = { packages: [], run: ['run'], test: ['run', 'test'], bench: ['run', 'test', 'bench'] }[mode];
/** For scripts whose output is somebody's input: only what goes wrong is said. */
const say = flags.includes('--quiet') ? () => {} : (line) => console.log(line);

class SetupError extends Error {}

const folders = () =>
  [...(process.env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS, ...PERL_FOLDERS].filter(Boolean);
const has = (program) => folders().some((folder) => existsSync(join(folder, program)));
/** Another clamd than one of our own needs no program here; nor does a listener without workers. */
const scansHere =
  mode !== 'run' ||
  ((process.env.LANDFALL_SCANNER ?? 'clamd:own') === 'clamd:own' && process.env.LANDFALL_WORKERS !== '0');
const isNeeded = (row) => modes.includes(row.mode) && (row.mode !== 'run' || scansHere);
const missingPrograms = () => PROGRAMS.filter((row) => isNeeded(row) && !has(row.program));

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Whether npm's own note of what it installed is what the lock file asks for, and the Node is there. */
function packagesAreThere() {
  const note = join(modules, '.package-lock.json');
  if (!existsSync(note) || !existsSync(join(modules, '.bin', 'node'))) return false;
  const installed = readJson(note).packages;
  const wanted = Object.entries(readJson(join(root, 'package-lock.json')).packages);
  return wanted.every(
    ([path, { optional, integrity }]) =>
      path === '' || optional || (installed[path] && installed[path].integrity === integrity),
  );
}

/** Runs it to its end; answers whether it went well, and the last lines that it said. */
function run(command, args, env = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALL_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = `${stdout ?? ''}\n${stderr ?? ''}\n${error ? error.message : ''}`.split('\n');
  const said = lines.filter((line) => line.trim() !== '').slice(-SHOWN_LINES);
  return { ok: status === 0, said: said.map((line) => `  ${line}`).join('\n') };
}

const packagesOf = (rows, system) => [
  ...new Set(rows.map((row) => row[system]).filter((name) => name !== '-')),
];

function installPrograms(missing) {
  const names = missing.map((row) => row.program).join(', ');
  const byHand = [
    `Landfall needs ${names}, which this machine lacks. Please install:`,
    `  Debian, Ubuntu  sudo apt-get install ${packagesOf(missing, 'debian').join(' ')}`,
    `  Fedora          sudo dnf install ${packagesOf(missing, 'fedora').join(' ')}`,
    `  macOS           brew install ${packagesOf(missing, 'macos').join(' ')}`,
  ].join('\n');

  const isRoot = process.getuid?.() === 0;
  const mayInstall = has('apt-get') && (isRoot || (has('sudo') && run('sudo', ['-n', 'true']).ok));
  if (!mayInstall) throw new SetupError(byHand);

  const apt = (...args) => {
    const waits = [
      '-o',
      'DPkg::Lock::Timeout=300',
      '-o',
      'Acquire::Retries=2',
      '-o',
      'Acquire::http::Timeout=30',
    ];
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...waits, ...args];
    return isRoot ? run(command[0], command.slice(1)) : run('sudo', ['-n', ...command]);
  };
  const packages = packagesOf(missing, 'debian');
  say(`Installing Debian packages: ${packages.join(' ')}`);
  // One source of packages that does not answer need not matter: whether the install goes well decides.
  apt('update');
  const installed = apt('install', '-y', '--no-install-recommends', ...packages);
  const still = missing.filter((row) => !has(row.program));
  if (still.length > 0) throw new SetupError(`${byHand}\n\napt-get did not manage it:\n${installed.said}`);
}

function installPackages() {
  say('Installing npm packages');
  // Not the npm or Node of node_modules, which is removed first. Development packages bring the Node.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules));
  const env = { PATH: path.join(delimiter) };
  const installed = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], env);
  if (!installed.ok)
    throw new SetupError(`npm ci failed (is the package registry reachable?):\n${installed.said}`);

  const node = spawnSync(join(modules, '.bin', 'node'), ['--version'], { encoding: 'utf8' });
  if (!node.stdout?.startsWith(`v${NODE_MAJOR}.`)) {
    const found = node.stdout?.trim() || 'nothing';
    throw new SetupError(
      `The npm package "node" should have brought Node ${NODE_MAJOR}, but brought ${found}. ` +
        'Its install script must run: see whether npm is set to ignore scripts (npm config get ignore-scripts).',
    );
  }
}

/** Takes the lock, waiting for another setup of this checkout to end; one whose process is gone is no lock. */
async function takeLock() {
  const giveUpAt = Date.now() + LOCK_WAIT_MS;
  let told = false;
  while (Date.now() < giveUpAt) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new SetupError(`The setup cannot write here: ${error.message}`);
    }
    if (isForsaken()) removeLock();
    else {
      if (!told) say('Another setup is at work here: waiting for it');
      told = true;
      await setTimeout(LOCK_LOOK_MS);
    }
  }
  throw new SetupError(`Another setup does not end. If there is none, remove ${lock}`);
}

function isForsaken() {
  try {
    const since = statSync(lock).mtimeMs;
    const pid = existsSync(join(lock, 'pid')) ? Number(readFileSync(join(lock, 'pid'), 'utf8')) : 0;
    if (!pid) return Date.now() - since > LOCK_EMPTY_MS;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Renamed first, so that of several who find it forsaken one removes it. */
function removeLock() {
  const away = `${lock}-${process.pid}`;
  try {
    renameSync(lock, away);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  rmSync(away, { recursive: true, force: true });
}

async function setUp() {
  if (!modes) throw new SetupError('Usage: node setup.mjs packages|run|test|bench [--quiet]');
  if (missingPrograms().length === 0 && packagesAreThere()) return;
  await takeLock();
  try {
    // Asked again: the setup that was waited for may have done it all.
    const missing = missingPrograms();
    if (missing.length > 0) installPrograms(missing);
    if (!packagesAreThere()) installPackages();
  } finally {
    removeLock();
  }
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
