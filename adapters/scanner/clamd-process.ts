import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import { Fault } from '../../core/fault.ts';
import type { ClamdFolder } from './clamd-folder.ts';

/** A clamd that runs as a child of this process. */
export interface ClamdProcess {
  /** Why it ended, in words. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL where that does not help within `STOP_MS`; resolves when it has ended. */
  stop(): Promise<void>;
}

const STOP_MS = 5_000;
/** Characters of clamd's last line that are kept, to say why it ended. */
const MAX_LINE = 300;
/** Where Debian, Fedora and macOS put a daemon that is not on an ordinary user's PATH. */
const DAEMON_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

/**
 * Becomes clamd, and leaves a watcher behind that waits at the other end of a pipe of ours. A pipe that ends without
 * a line means that Landfall was killed: the watcher then kills clamd, so that no orphan keeps its memory.
 */
const BECOME_CLAMD = `
folder=$1; shift
( read -r over <&3 || { kill -KILL $$; rm -rf "$folder"; } ) >/dev/null 2>&1 &
exec "$@" 3<&-
`;

/** The program's path. Throws `bad-argument` that says how to get it. */
export function findClamd(): string {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS]) {
    const program = join(folder, 'clamd');
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not here: the next folder.
    }
  }
  throw new Fault(
    'bad-argument',
    'clamd is not installed (Debian: clamav-daemon, Fedora: clamd, macOS: clamav); clamd:HOST:PORT names another',
  );
}

export function startClamd(
  program: string,
  folder: ClamdFolder,
  onLine: (line: string) => void,
): ClamdProcess {
  // Detached: Ctrl-C is for Landfall, which still scans while it drains.
  const child = spawn(
    '/bin/sh',
    ['-c', BECOME_CLAMD, 'landfall', folder.path, program, '-c', folder.configuration],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true },
  );
  const leash = child.stdio[3] as Writable;
  leash.on('error', () => undefined);

  let lastLine = '';
  const keepLine = (line: string): void => {
    lastLine = line.slice(0, MAX_LINE);
    onLine(lastLine);
  };
  forEachLine(child.stdout!, keepLine);
  forEachLine(child.stderr!, keepLine);

  const ended = new Promise<string>((resolve) => {
    const over = (why: string): void => {
      leash.end('over\n');
      resolve(lastLine ? `${why}; its last line: ${lastLine}` : why);
    };
    child.once('error', (error) => over(error.message));
    child.once('exit', (code, signal) => over(signal ? `killed by ${signal}` : `exit code ${code}`));
  });

  return {
    ended,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Lines as they come; one that has no end within `MAX_LINE` is cut into several. */
function forEachLine(output: NonNullable<ChildProcess['stdout']>, take: (line: string) => void): void {
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) if (line.trim() !== '') take(line.trim());
  });
}
