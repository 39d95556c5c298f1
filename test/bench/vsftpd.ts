import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { Server } from './server.ts';

const PORT_LOOK_MS = 50;
/** Looks until it must listen: five seconds. */
const MAX_PORT_LOOKS = 100;

/**
 * vsftpd in the foreground, as the user who runs the benches and for anonymous users, so that the system's users and
 * settings stay as they are. It forks a process a session, computes no digests, and leaves it to the kernel when
 * what was uploaded goes to the disk. It keeps a log, as Landfall does.
 */
export async function startVsftpd(folder: string): Promise<Server> {
  const [root, file, port] = [`${folder}/root`, `${folder}/vsftpd.conf`, await freePort()];
  const settings = {
    listen: 'YES',
    listen_address: '127.0.0.1',
    listen_port: port,
    background: 'NO',
    run_as_launching_user: 'YES',
    seccomp_sandbox: 'NO',
    anonymous_enable: 'YES',
    local_enable: 'NO',
    no_anon_password: 'NO',
    anon_root: root,
    anon_umask: '077',
    anon_world_readable_only: 'NO',
    anon_upload_enable: 'YES',
    anon_other_write_enable: 'YES',
    write_enable: 'YES',
    xferlog_enable: 'YES',
    vsftpd_log_file: `${folder}/log`,
  };
  await mkdir(`${root}/in`, { recursive: true });
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''));

  const child = spawn('vsftpd', [file], {
    env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  await listens(port);
  return {
    name: 'vsftpd',
    pid: child.pid!,
    port,
    user: 'anonymous',
    password: 'bench@example.com',
    settled: async () => undefined,
    forgetLarge: () => rm(`${root}/in/large`, { force: true }),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function listens(port: number): Promise<void> {
  for (let look = 0; look < MAX_PORT_LOOKS; look += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(PORT_LOOK_MS);
  }
  throw new Error('vsftpd does not listen');
}
