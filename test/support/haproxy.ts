import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 90_000;
const LOOK_MS = 20;
/** None ends what is only slow. HAProxy's own time for a check is the interval between two. */
const TIMEOUTS = { connect: '30s', check: '30s', client: '120s', server: '120s' };

/** A real HAProxy, with the sections given; `port` of `host` is one that it binds, `within` the words that run it there. */
export async function startHaproxy(
  sections: string,
  port: number,
  host = '127.0.0.1',
  within: readonly string[] = [],
): Promise<{ stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const timeouts = Object.entries(TIMEOUTS)
    .map(([what, time]) => `  timeout ${what} ${time}\n`)
    .join('');
  await writeFile(file, `defaults\n  mode tcp\n${timeouts}${sections}`);
  const words = [...within, 'haproxy', '-db', '-f', file];
  const child = spawn(words[0]!, words.slice(1), {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const gone = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await answers(port, host, within))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      await stop();
      throw new Error(`haproxy does not answer:\n${said}`);
    }
    await sleep(LOOK_MS);
  }
  return { stop };
}

/** Asked by a program, as it may be in another network than this process. */
const answers = (port: number, host: string, within: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const dial = `require('net').connect(${port}, '${host}').once('connect', () => process.exit(0))`;
    const words = [...within, process.execPath, '-e', dial];
    const asked = spawn(words[0]!, words.slice(1), { stdio: 'ignore' });
    asked.once('exit', (code) => resolve(code === 0));
  });
