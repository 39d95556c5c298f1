import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { steps } from './steps.ts';

/** Starts programs of Landfall and sees how they end. */
export interface Killing {
  /** Runs Landfall until it kills itself at the step, the nth time it gets there; again and again, a step a run. */
  atEveryStep(): Promise<void>;
  /** Starts the program and kills it after a random time, this many times. */
  atRandomTimes(program: Program, times: number): Promise<void>;
  /** Runs that ended so, by what killed them. */
  readonly kills: ReadonlyMap<string, number>;
  /** Ends what still runs. */
  end(): Promise<void>;
}

export interface Program {
  readonly name: string;
  readonly main: string;
  readonly env?: Record<string, string>;
}

/** Every step comes by much sooner while files are being sent, on a machine that is not busy with something else. */
const STEP_WITHIN_MS = 240_000;
/** A step's kill comes at one of its first times, so many at most. */
const MAX_NTH = 6;
const CRASHING_MAIN = 'test/e2e/crash/crashing-main.ts';

/**
 * `env`: of all programs that it starts. `longestLifeMs`: of a program that is killed at a random time, its start
 * included.
 */
export function createKilling(env: Record<string, string>, longestLifeMs: number): Killing {
  const kills = new Map<string, number>();
  const count = (what: string): void => void kills.set(what, (kills.get(what) ?? 0) + 1);
  const running = new Set<ChildProcess>();
  const start = (main: string, args: readonly string[], own?: Record<string, string>): ChildProcess => {
    const child = startProgram(main, args, { ...env, ...own });
    running.add(child);
    return child.once('exit', () => running.delete(child));
  };

  return {
    kills,
    async end() {
      for (const child of running) child.kill('SIGKILL');
    },
    async atEveryStep() {
      for (const step of steps) {
        const nth = 1 + randomInt(MAX_NTH);
        const child = start(CRASHING_MAIN, [step, String(nth)]);
        const late = new AbortController();
        const tooLate = sleep(STEP_WITHIN_MS, 'too late', { signal: late.signal }).catch(() => undefined);
        const how = await Promise.race([endOf(child), tooLate]);
        late.abort();
        child.kill('SIGKILL');
        if (how !== 'SIGKILL') throw new Error(`"${step}", time ${nth}: not killed there, but ${how}`);
        count(step);
      }
    },
    async atRandomTimes({ name, main, env: own }, times) {
      for (let time = 0; time < times; time += 1) {
        const child = start(main, [], own);
        const ended = endOf(child);
        await sleep(randomInt(longestLifeMs));
        child.kill('SIGKILL');
        const how = await ended;
        if (how !== 'SIGKILL') throw new Error(`${name} ended by itself: ${how}`);
        count(`${name} at a random time`);
      }
    },
  };
}

function startProgram(main: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    cwd: join(import.meta.dirname, '../../..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** `SIGKILL`, or the exit code. */
async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ?? `exit code ${code}`;
}
