import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './server.ts';

/** Until what the start and the logins left behind is collected: V8 does it after eight idle seconds. */
const SETTLE_MS = 10_000;
/** Sessions that come and go before the first look: what a server needs once is not a session's. */
const FIRST_SESSIONS = 20;

/** KiB a session that a fresh server needs for so many that are logged in and do nothing. */
export async function idleKib(server: Server, sessions: number): Promise<number> {
  await whileIdle(server, FIRST_SESSIONS, async () => undefined);
  await sleep(SETTLE_MS);
  const before = await treeKib(server.pid);
  const during = await whileIdle(server, sessions, async () => {
    await sleep(SETTLE_MS);
    return treeKib(server.pid);
  });
  return (during - before) / sessions;
}

/** Looks while so many are logged in. */
async function whileIdle<Seen>(
  { port, user, password }: Server,
  sessions: number,
  look: () => Promise<Seen>,
): Promise<Seen> {
  const script = join(import.meta.dirname, 'crowd.py');
  const crowd = spawn('python3', [script, 'idle', ...[port, user, password, sessions].map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(crowd, 'exit');
  const came = await Promise.race([once(crowd.stdout, 'data').then(() => true), exited.then(() => false)]);
  if (!came) throw new Error('the idle clients could not log in');
  const seen = await look();
  crowd.stdin.end();
  await exited;
  return seen;
}

/** Memory of the process and of all that it has started, pages that they share counted once (proc(5), smaps_rollup). */
async function treeKib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  let kib = Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter(Boolean)) kib += await treeKib(Number(child));
  return kib;
}
