import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** An FTP server that is measured. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Whether curl can have TLS on its control and data connections. */
  readonly speaksTls: boolean;
  /** Its work is over: what it does after its replies must not run into the next measure. */
  settled(): Promise<void>;
  /**
   * Frees the space of the large files, so that the disk does not fill. Small files stay: there are file systems that
   * look long for an inode after many were deleted.
   */
  forgetLarge(): Promise<void>;
  stop(): Promise<void>;
}

/** A certificate and its key for a server that speaks TLS, PEM, each by itself and both in one file. */
export interface Certificate {
  readonly crt: string;
  readonly key: string;
  readonly pem: string;
}

/** A server beside which Landfall is measured. Each keeps a log, as Landfall does. */
export interface Peer {
  readonly name: string;
  /** Gives up its rights after the login, which only root can. */
  readonly needsRoot: boolean;
  /** Starts it on a free port of 127.0.0.1, with all that it has and keeps in the folder. */
  start(folder: string, certificate: Certificate): Promise<Server>;
}

const PORT_LOOK_MS = 50;
/** Looks until it must listen: five seconds. */
const MAX_PORT_LOOKS = 100;

/** A program that stays in the foreground and ends with SIGTERM; resolves when it listens. What it says goes to a file. */
export async function startDaemon(
  folder: string,
  program: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Pick<Server, 'pid' | 'stop'>> {
  const output = await open(`${folder}/output`, 'w');
  const child = spawn(program, args, {
    env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin`, ...env },
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  await output.close();
  const exited = once(child, 'exit');
  await listens(child, port);
  return {
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function listens(child: ChildProcess, port: number): Promise<void> {
  for (let look = 0; look < MAX_PORT_LOOKS && child.exitCode === null; look += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(PORT_LOOK_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} does not listen`);
}
