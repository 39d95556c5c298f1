import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Has a process take one message of the queue, and kills it then. Answers the message's body. */
export async function killHolder(url: string, queue: string, visibilityMs: number): Promise<string> {
  const file = join(import.meta.dirname, 'queue-holder-process.ts');
  const warnings = '--disable-warning=ExperimentalWarning';
  const child = spawn(process.execPath, [warnings, file, url, queue, String(visibilityMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  return String(said).trim();
}
