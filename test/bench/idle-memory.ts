import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './server.ts';

/** Until what the logins left behind is collected: idle is what comes after it. */
const SETTLE_MS = 3_000;

/** KiB a session that a server needs for so many that are logged in and do nothing. */
export async function idleKib({ port, user, password, pid }: Server, sessions: number): Promise<number> {
  const before = await treeKib(pid);
  const script = join(import.meta.dirname, 'crowd.py');
  const crowd = spawn('python3', [script, 'idle', ...[port, user, password, sessions].map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(crowd, 'exit');
  const came = await Promise.race([once(crowd.stdout, 'data').then(() => true), exited.then(() => false)]);
  if (!came) throw new Error('the idle clients could not log in');
  await sleep(SETTLE_MS);
  const during = await treeKib(pid);
  crowd.stdin.end();
  await exited;
  return (during - before) / sessions;
}

/** Memory of the process and of all that it has started, pages that they share counted once (proc(5), smaps_rollup). */
async function treeKib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  let kib = Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter(Boolean)) kib += await treeKib(Number(child));
  return kib;
}
