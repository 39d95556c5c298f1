import { join } from 'node:path';
import { settledCpuSeconds } from './cpu-time.ts';
import { idleKib } from './idle-memory.ts';
import { runProgram, syncFileSystem } from './run-program.ts';
import type { Server } from './server.ts';

const MIB = 2 ** 20;
const SMALL_BYTES = 1024;

export interface Sizes {
  /** One file of so many bytes, at this path. */
  readonly largeBytes: number;
  readonly largeFile: string;
  /** What each of a crowd of clients sends. */
  readonly crowdBytes: number;
  readonly crowdFile: string;
  readonly crowd: number;
  readonly smallFiles: number;
  readonly logins: number;
  readonly idleSessions: number;
}

export interface Measure {
  readonly name: string;
  /** What is counted: a second, where there is an amount. */
  readonly unit: string;
  /** How much was done in the seconds that `run` answers; without it, the answer is the figure. */
  readonly amount?: (sizes: Sizes) => number;
  /** Whether it leaves bytes that are worth nothing before they are on the disk. */
  readonly writes?: true;
  readonly needsTls?: true;
  /** Once, with servers that have done nothing yet: what transfers leave would count as memory, or as less of it. */
  readonly fresh?: true;
  readonly run: (server: Server, sizes: Sizes, round: number) => Promise<number>;
}

interface How {
  /** Of its own: who overwrites a file has the memory that holds it in the kernel, who makes a new one must ask for it. */
  readonly name: string;
  readonly options: readonly string[];
}

const PLAIN: How = { name: 'large-plain', options: [] };
/** Explicit TLS on control and data connection, with the certificate that nobody has signed. */
const TLS: How = { name: 'large-tls', options: ['--ssl-reqd', '--insecure'] };

/** curl, for large files. */
async function curl(
  { port, user, password }: Server,
  { name, options }: How,
  ...args: readonly string[]
): Promise<number> {
  const url = `ftp://127.0.0.1:${port}/in/${name}`;
  const start = performance.now();
  await runProgram('curl', [
    ...['--silent', '--show-error', '--fail', '--user', `${user}:${password}`],
    ...options,
    ...args,
    url,
  ]);
  return (performance.now() - start) / 1000;
}

const largeUp =
  (how: How): Measure['run'] =>
  (server, { largeFile }) =>
    curl(server, how, '--upload-file', largeFile);

const largeDown =
  (how: How): Measure['run'] =>
  (server) =>
    curl(server, how, '--output', '/dev/null');

/** Python's ftplib, for many small ones. */
async function python(
  server: Server,
  action: string,
  count: number,
  connections: number,
  prefix: string,
): Promise<number> {
  const { port, user, password } = server;
  const script = join(import.meta.dirname, 'small_files.py');
  const args = [action, port, user, password, count, connections, SMALL_BYTES, prefix].map(String);
  return Number(await runProgram('python3', [script, ...args]));
}

const smallFiles =
  (action: 'put' | 'get', connections: number): Measure['run'] =>
  (server, { smallFiles: count }, round) =>
    // Names that are new in every round: that is what partners send.
    python(server, action, count, connections, `${connections}-${round}`);

async function crowd(
  { port, user, password }: Server,
  { crowd: clients, crowdFile }: Sizes,
): Promise<number> {
  const args = ['send', port, user, password, clients, crowdFile].map(String);
  return Number(await runProgram('python3', [join(import.meta.dirname, 'crowd.py'), ...args]));
}

const LARGE = { unit: 'MiB/s', amount: ({ largeBytes }: Sizes) => largeBytes / MIB };
const SMALL = { unit: 'files/s', amount: ({ smallFiles: count }: Sizes) => count };
const WRITES = { writes: true } as const;
const NEEDS_TLS = { needsTls: true } as const;

/** In this order: downloads fetch what the uploads before them have brought. */
export const measures: readonly Measure[] = [
  { name: 'large file up', ...LARGE, ...WRITES, run: largeUp(PLAIN) },
  { name: 'large file down', ...LARGE, run: largeDown(PLAIN) },
  { name: 'large file up, TLS', ...LARGE, ...WRITES, ...NEEDS_TLS, run: largeUp(TLS) },
  { name: 'large file down, TLS', ...LARGE, ...NEEDS_TLS, run: largeDown(TLS) },
  { name: 'small files up, 1 connection', ...SMALL, ...WRITES, run: smallFiles('put', 1) },
  { name: 'small files down, 1 connection', ...SMALL, run: smallFiles('get', 1) },
  { name: 'small files up, 16 connections', ...SMALL, ...WRITES, run: smallFiles('put', 16) },
  { name: 'small files down, 16 connections', ...SMALL, run: smallFiles('get', 16) },
  {
    name: 'a crowd up',
    unit: 'MiB/s',
    amount: ({ crowd: clients, crowdBytes }) => (clients * crowdBytes) / MIB,
    ...WRITES,
    run: crowd,
  },
  {
    name: 'logins, one after another',
    unit: 'logins/s',
    amount: ({ logins }) => logins,
    run: (server, { logins }) => python(server, 'login', logins, 1, ''),
  },
  {
    name: 'memory of an idle session',
    unit: 'KiB',
    fresh: true,
    run: (server, { idleSessions }) => idleKib(server, idleSessions),
  },
];

export interface Taken {
  /** What `run` answered. */
  readonly answer: number;
  /** Seconds more until all that was written is on the disk. */
  readonly syncSeconds: number;
  /** Processor seconds of the server until its work was over. */
  readonly cpuSeconds: number;
}

export async function take(
  measure: Measure,
  server: Server,
  sizes: Sizes,
  round: number,
  folder: string,
): Promise<Taken> {
  // What others have written goes to the disk before the clock runs.
  await syncFileSystem(folder);
  const cpuBefore = await settledCpuSeconds(server.pid);
  const answer = await measure.run(server, sizes, round);
  const ended = performance.now();
  await syncFileSystem(folder);
  const syncSeconds = (performance.now() - ended) / 1000;
  await server.settled();
  return { answer, syncSeconds, cpuSeconds: (await settledCpuSeconds(server.pid)) - cpuBefore };
}
