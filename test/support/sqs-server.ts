import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** An SQS of one's own, in memory, in a process of its own. */
export interface SqsServer {
  readonly endpoint: string;
  kill(): Promise<void>;
}

export async function startSqs(port = 0): Promise<SqsServer> {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  const file = join(import.meta.dirname, 'fauxqs-process.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return {
    endpoint: String(line).trim(),
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
