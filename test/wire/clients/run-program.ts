import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Invocation } from './client.ts';

/** Milliseconds: much longer than any of them needs, shorter than the test's own time. */
const ENDS_WITHIN_MS = 240_000;

export interface Running {
  readonly child: ChildProcess;
  /** Rejects with all that it said when it failed. Answers its output. */
  readonly done: Promise<string>;
}

/**
 * Starts a client. `home` is its home folder, so that nothing of the machine's own settings or earlier runs counts.
 * `take` takes the bytes of stdout instead of the answer.
 */
export function startProgram(invocation: Invocation, home: string, take?: (bytes: Buffer) => void): Running {
  const { command, args, input = '', env, outputFile, says } = invocation;
  const child = spawn(command, args, {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', TZ: 'UTC', ...env },
    timeout: ENDS_WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  let out = '';
  let errors = '';
  if (take) child.stdout.on('data', take);
  else child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  // It may end before it has read all.
  child.stdin.on('error', () => undefined).end(input);

  const done = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code));
  }).then(async (end) => {
    if (end !== 0 || (says && !says.test(out))) {
      throw new Error(`${command} ${args.join(' ')} ended with ${end}\n${input}\n${out}\n${errors}`);
    }
    return outputFile === undefined ? out : readFile(outputFile, 'utf8');
  });
  // Whoever kills it may not ask how it ended.
  done.catch(() => undefined);
  return { child, done };
}

/** The sha256 of what it writes to stdout. */
export async function sha256OfOutput(invocation: Invocation, home: string): Promise<string> {
  const hash = createHash('sha256');
  await startProgram(invocation, home, (bytes) => hash.update(bytes)).done;
  return hash.digest('hex');
}
