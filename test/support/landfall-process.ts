import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePassivePorts } from './free-ports.ts';

/** Landfall as its users run it: a process with an environment, that says on stdout when it is ready. */
export interface LandfallProcess {
  readonly child: ChildProcess;
  readonly ftp: { readonly address: string; readonly port: number };
  /** Every line it logged so far, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Resolves when a logged line satisfies `wanted`, at once if one has already. */
  line(
    wanted: (line: Record<string, unknown>) => boolean,
    withinMs?: number,
  ): Promise<Record<string, unknown>>;
  /** SIGTERM, and waits for the exit. Answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits for the exit. */
  kill(): Promise<void>;
  readonly exited: Promise<number | null>;
}

export interface Launch {
  readonly dataFolder: string;
  readonly env?: Record<string, string>;
  /** The program; a test may start one of its own that wraps the ports. */
  readonly main?: string;
  readonly args?: readonly string[];
  /** The words that run a program somewhere else, such as in a network of the test's own. */
  readonly within?: readonly string[];
}

/** As `npm start` has them: V8 would let its young objects have 100 MiB, and seldom needs 10. */
const START_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];
const READY_WITHIN_MS = 90_000;

export async function startLandfall(launch: Launch): Promise<LandfallProcess> {
  const { dataFolder, env, main = 'services/main.ts', args = [], within = [] } = launch;
  const node = [process.execPath, ...START_FLAGS];
  const [command, ...words] = [...within, ...node, main, ...args];
  const child = spawn(command!, words, {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LANDFALL_DATA: dataFolder,
      LANDFALL_FTP_PORT: '0',
      LANDFALL_FTP_PASSIVE_PORTS: await freePassivePorts(),
      LANDFALL_LOG: 'json',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<(line: Record<string, unknown>) => void>();
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('{')) return;
    const parsed = JSON.parse(text) as Record<string, unknown>;
    lines.push(parsed);
    for (const look of waiting) look(parsed);
  });

  const line = (wanted: (line: Record<string, unknown>) => boolean, withinMs = READY_WITHIN_MS) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const there = lines.find(wanted);
      if (there) return resolve(there);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        settle();
      };
      const look = (parsed: Record<string, unknown>) => {
        if (wanted(parsed)) finish(() => resolve(parsed));
      };
      const fail = (why: string) =>
        finish(() =>
          reject(
            new Error(
              `${why}\n${lines
                .slice(-20)
                .map((one) => JSON.stringify(one))
                .join('\n')}\n${errors}`,
            ),
          ),
        );
      const timer = setTimeout(() => fail(`no such line within ${withinMs} ms`), withinMs);
      void exited.then((code) => fail(`landfall ended with ${code}`));
      waiting.add(look);
      return undefined;
    });

  const ready = await line((one) => one.event === 'ready');
  return {
    child,
    ftp: ready.ftp as LandfallProcess['ftp'],
    lines,
    line,
    exited,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A folder that is gone when the test is. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'landfall-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Peak resident memory of a process so far, in bytes (proc_pid_status(5), VmHWM). */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Resident memory now, in bytes (proc_pid_status(5), VmRSS). */
export async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
