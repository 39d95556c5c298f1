import { mkdir, writeFile } from 'node:fs/promises';
import { freePort } from '../../support/free-port.ts';
import { type Peer, startDaemon } from '../server.ts';
import { forgetLargeIn } from './forget-large.ts';

/**
 * vsftpd as the user who runs the benches and for anonymous users, so that the system's users and settings stay as
 * they are. It forks a process a session, computes no digests, and leaves it to the kernel when what was uploaded goes
 * to the disk.
 */
export const vsftpd: Peer = {
  name: 'vsftpd',
  needsRoot: false,
  async start(folder, { crt, key }) {
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
      max_clients: 0,
      max_per_ip: 0,
      xferlog_enable: 'YES',
      vsftpd_log_file: `${folder}/log`,
      ssl_enable: 'YES',
      allow_anon_ssl: 'YES',
      rsa_cert_file: crt,
      rsa_private_key_file: key,
      // Python's ftplib does not resume the session of the control connection.
      require_ssl_reuse: 'NO',
      // Its default is the one cipher DES-CBC3-SHA, which OpenSSL 3 has no more.
      ssl_ciphers: 'HIGH',
    };
    await mkdir(`${root}/in`, { recursive: true });
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(file, lines.join(''));
    return {
      ...(await startDaemon(folder, 'vsftpd', [file], port)),
      name: this.name,
      port,
      user: 'anonymous',
      password: 'bench@example.com',
      speaksTls: true,
      settled: async () => undefined,
      forgetLarge: () => forgetLargeIn(`${root}/in`),
    };
  },
};
