import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of one clamd of ours while it runs: configuration, socket, its temporary files. */
export interface ClamdFolder {
  readonly path: string;
  readonly configuration: string;
  readonly socket: string;
  /** The signatures are the few of `test-signatures/`, which know no real virus. */
  readonly testSignatures: boolean;
}

/** Bytes of a unix socket's path, its NUL left off: 107 in Linux, 103 in macOS. */
const MAX_SOCKET_PATH_BYTES = 103;
/** What mkdtemp and the socket's name add. */
const ADDED = '/run-4194304-XXXXXX/s';
/** Above all MaxThreads together; the others wait their turn inside clamd. */
const MAX_THREADS = 10;

/**
 * clamd cannot look at 2 GiB or more. A file over these limits is answered with an alert, thus unscannable, since
 * `AlertExceedsMax` is on: by its default clamd calls OK what it has not looked at.
 */
const MAX_FILE_MIB = 2_000;
/** A file together with all that is unpacked from it. */
const MAX_SCAN_MIB = 4_000;
const MAX_SCAN_MS = 10 * 60 * 1_000;

const DATABASE = /^(?:main|daily)\.(?:cvd|cld)$|\.(?:ndb|ndu|hdb|hdu|hsb|hsu|mdb|msb|ldb|ldu|yara?)$/;
const TEST_SIGNATURES = join(import.meta.dirname, 'test-signatures', 'landfall-test.ndb');

/** `signatures` is the database to use when it is one. */
export async function makeClamdFolder(parent: string, signatures: string): Promise<ClamdFolder> {
  const path = await makeFolder(resolve(parent));
  await chmod(path, 0o700);
  const folder = {
    path,
    configuration: join(path, 'clamd.conf'),
    socket: join(path, 's'),
    testSignatures: !(await isDatabase(signatures)),
  };
  const database = folder.testSignatures ? join(path, 'signatures') : resolve(signatures);
  if (folder.testSignatures) {
    await mkdir(database);
    await copyFile(TEST_SIGNATURES, join(database, 'landfall-test.ndb'));
  }
  await mkdir(join(path, 'tmp'));
  await writeFile(folder.configuration, configuration(folder, database));
  return folder;
}

async function makeFolder(parent: string): Promise<string> {
  if (isConfined()) return await mkdtemp('/tmp/landfall-clamd-');
  if (Buffer.byteLength(parent + ADDED) > MAX_SOCKET_PATH_BYTES) {
    return await mkdtemp(join(tmpdir(), 'landfall-clamd-'));
  }
  await mkdir(parent, { recursive: true });
  await sweep(parent);
  return await mkdtemp(join(parent, `run-${process.pid}-`));
}

/** Debian and Ubuntu confine clamd where AppArmor is on: of all folders it may write to, only /tmp is open to all. */
const isConfined = (): boolean =>
  existsSync('/sys/module/apparmor') && existsSync('/etc/apparmor.d/usr.sbin.clamd');

/** Removes what is left of processes that are no more, as after a power failure. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isDatabase(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((name) => DATABASE.test(name));
  } catch {
    return false;
  }
}

const configuration = ({ path, socket }: Pick<ClamdFolder, 'path' | 'socket'>, database: string): string =>
  [
    'Foreground yes',
    `LocalSocket ${socket}`,
    'LocalSocketMode 600',
    `DatabaseDirectory ${database}`,
    `TemporaryDirectory ${join(path, 'tmp')}`,
    `MaxThreads ${MAX_THREADS}`,
    `StreamMaxLength ${MAX_FILE_MIB}M`,
    `MaxFileSize ${MAX_FILE_MIB}M`,
    `MaxScanSize ${MAX_SCAN_MIB}M`,
    `MaxScanTime ${MAX_SCAN_MS}`,
    'AlertExceedsMax yes',
    'AlertEncrypted yes',
    // A second engine beside the first while a new database loads would take twice the memory, 2 GiB and more.
    'ConcurrentDatabaseReload no',
    '',
  ].join('\n');
