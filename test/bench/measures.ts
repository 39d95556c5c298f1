import { join } from 'node:path';
import { settledCpuSeconds } from './cpu-time.ts';
import { runProgram, syncFileSystem } from './run-program.ts';
import type { Server } from './server.ts';

const MIB = 2 ** 20;
const SMALL_BYTES = 1024;

export interface Sizes {
  /** One file of so many bytes, at this path. */
  readonly largeBytes: number;
  readonly largeFile: string;
  readonly smallFiles: number;
  readonly logins: number;
}

export interface Measure {
  readonly name: string;
  /** What is counted a second. */
  readonly unit: string;
  readonly amount: (sizes: Sizes) => number;
  /** Whether it leaves bytes that are worth nothing before they are on the disk. */
  readonly writes: boolean;
  /** Answers the seconds that the client saw. */
  readonly run: (server: Server, sizes: Sizes, round: number) => Promise<number>;
}

/** curl, for large files. */
async function curl({ port, user, password }: Server, ...args: string[]): Promise<number> {
  const url = `ftp://127.0.0.1:${port}/in/large`;
  const told = ['--write-out', '%{stderr}%{time_total}', '--user', `${user}:${password}`];
  const start = performance.now();
  await runProgram('curl', ['--silent', '--show-error', '--fail', ...told, ...args, url]);
  return (performance.now() - start) / 1000;
}

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

const MIB_UNIT = { unit: 'MiB/s', amount: ({ largeBytes }: Sizes) => largeBytes / MIB };
const FILES_UNIT = { unit: 'files/s', amount: ({ smallFiles: count }: Sizes) => count };

/** In this order: downloads fetch what the uploads before them have brought. */
export const measures: readonly Measure[] = [
  {
    name: 'large file up',
    ...MIB_UNIT,
    writes: true,
    run: (server, { largeFile }) => curl(server, '--upload-file', largeFile),
  },
  {
    name: 'large file down',
    ...MIB_UNIT,
    writes: false,
    run: (server) => curl(server, '--output', '/dev/null'),
  },
  { name: 'small files up, 1 connection', ...FILES_UNIT, writes: true, run: smallFiles('put', 1) },
  { name: 'small files down, 1 connection', ...FILES_UNIT, writes: false, run: smallFiles('get', 1) },
  { name: 'small files up, 16 connections', ...FILES_UNIT, writes: true, run: smallFiles('put', 16) },
  { name: 'small files down, 16 connections', ...FILES_UNIT, writes: false, run: smallFiles('get', 16) },
  {
    name: 'logins, one after another',
    unit: 'logins/s',
    amount: ({ logins }) => logins,
    writes: false,
    run: (server, { logins }) => python(server, 'login', logins, 1, ''),
  },
];

export interface Taken {
  readonly seconds: number;
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
  const seconds = await measure.run(server, sizes, round);
  const ended = performance.now();
  await syncFileSystem(folder);
  const syncSeconds = (performance.now() - ended) / 1000;
  await server.settled();
  return { seconds, syncSeconds, cpuSeconds: (await settledCpuSeconds(server.pid)) - cpuBefore };
}
