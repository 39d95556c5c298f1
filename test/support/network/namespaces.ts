import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where `ip netns` keeps them. */
const PLACE = '/run/netns';
/** Of all that these tests make; the number of the process that made it follows. */
const PREFIX = 'landfall-test';
const PROGRAMS = ['ip', 'nft', 'tc', 'nsenter'];
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
const env = { ...process.env, PATH: FOLDERS.join(delimiter) };

/** Network namespaces of this process. All are gone when it is; those of a killed one when the next begins. */
export interface Namespaces {
  /** The words that run a program in it. */
  within(role: string): readonly string[];
  /** The name under which `ip` knows it. */
  name(role: string): string;
  add(role: string): void;
  /** Ends what still runs in them, and removes them. */
  remove(): void;
}

/** Runs it; throws with what it said when it fails. */
export function run(words: readonly string[], input = ''): string {
  const [command, ...args] = words;
  const { status, stdout, stderr, error } = spawnSync(command!, args, { env, input, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${words.join(' ')} failed: ${error?.message ?? ''}${stdout}${stderr}\n${input}`);
}

/** Why this process can have none; undefined when it can. */
export function noNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'no Linux';
  if (process.getuid!() !== 0) return 'not root';
  const missing = PROGRAMS.filter((program) => !FOLDERS.some((folder) => existsSync(join(folder, program))));
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  const tried = createNamespaces('try');
  try {
    tried.add('one');
    run([...tried.within('one'), 'nft', 'add', 'table', 'ip', 'try']);
    return undefined;
  } catch (thrown) {
    return `namespaces are refused: ${(thrown as Error).message.trim().split('\n')[0]}`;
  } finally {
    tried.remove();
  }
}

let made = 0;

/** `purpose`: a word for who looks at them. */
export function createNamespaces(purpose: string): Namespaces {
  removeForsaken();
  made += 1;
  const name = (role: string): string => `${PREFIX}-${process.pid}-${purpose}${made}-${role}`;
  const roles: string[] = [];
  const remove = (): void => {
    process.off('exit', remove);
    for (const role of roles.splice(0)) removeOne(name(role));
  };
  process.once('exit', remove);
  return {
    name,
    within: (role) => ['nsenter', `--net=${join(PLACE, name(role))}`, '--'],
    add(role) {
      run(['ip', 'netns', 'add', name(role)]);
      roles.push(role);
      run(['ip', '-n', name(role), 'link', 'set', 'lo', 'up']);
    },
    remove,
  };
}

function removeOne(name: string): void {
  try {
    const pids = run(['ip', 'netns', 'pids', name]).split('\n').filter(Boolean).map(Number);
    for (const pid of pids) if (pid !== process.pid) kill(pid);
    run(['ip', 'netns', 'delete', name]);
  } catch {
    // Another test that found it forsaken was faster.
  }
}

function removeForsaken(): void {
  if (!existsSync(PLACE)) return;
  for (const name of readdirSync(PLACE)) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeOne(name);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
