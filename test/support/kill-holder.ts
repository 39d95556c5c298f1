import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Starts a program of this folder, and kills it when it has said something, which is the answer. */
export async function killWhenItSpeaks(program: string, args: readonly string[]): Promise<string> {
  const file = join(import.meta.dirname, program);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  return String(said).trim();
}

/** Has a process take one message of the queue, and kills it then. Answers the message's body. */
export const killHolder = (url: string, queue: string, visibilityMs: number): Promise<string> =>
  killWhenItSpeaks('queue-holder-process.ts', [url, queue, String(visibilityMs)]);
