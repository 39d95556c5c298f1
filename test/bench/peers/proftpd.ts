import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { freePort } from '../../support/free-port.ts';
import { runProgram } from '../run-program.ts';
import { type Peer, startDaemon } from '../server.ts';
import { unpackPackages } from './debian-packages.ts';
import { forgetLargeIn } from './forget-large.ts';

const PACKAGES = [
  'proftpd-core',
  'proftpd-mod-crypto',
  'libhashkit2',
  'libhiredis0.14',
  'libmemcached11',
  'libmemcachedutil2',
  'libpcre2-posix3',
];
const PASSWORD = 'secret';

/** ProFTPD with a file of users of its own. It forks a process a session, and neither syncs nor computes a digest. */
export const proftpd: Peer = {
  name: 'proftpd',
  needsRoot: false,
  async start(folder, { crt, key }) {
    const { root: unpacked, env } = await unpackPackages('proftpd', PACKAGES);
    const [root, file, users] = [`${folder}/root`, `${folder}/proftpd.conf`, `${folder}/users`];
    const [uid, gid, port] = [process.getuid!(), process.getgid!(), await freePort()];
    const [user, group] = [userInfo().username, (await runProgram('id', ['-gn'])).trim()];
    await mkdir(`${root}/in`, { recursive: true });
    // The cheapest kind that it takes: a login is measured, not a hash.
    const hash = (await runProgram('openssl', ['passwd', '-1', PASSWORD])).trim();
    await writeFile(users, `bench:${hash}:${uid}:${gid}::${root}:/bin/sh\n`);
    await chmod(users, 0o600);
    await writeFile(file, settings({ folder, unpacked, users, port, user, group, crt, key }));
    return {
      ...(await startDaemon(
        folder,
        `${unpacked}/usr/sbin/proftpd`,
        ['--nodaemon', '--config', file],
        port,
        env,
      )),
      name: this.name,
      port,
      user: 'bench',
      password: PASSWORD,
      speaksTls: true,
      settled: async () => undefined,
      forgetLarge: () => forgetLargeIn(`${root}/in`),
    };
  },
};

const settings = (given: Record<string, string | number>): string => `
ModulePath ${given.unpacked}/usr/lib/proftpd
LoadModule mod_tls.c
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port ${given.port}
User ${given.user}
Group ${given.group}
RootLogin on
PidFile ${given.folder}/pid
ScoreboardFile ${given.folder}/scoreboard
DelayEngine off
SystemLog ${given.folder}/log
TransferLog ${given.folder}/transfers
AuthOrder mod_auth_file.c
AuthUserFile ${given.users}
RequireValidShell off
DefaultRoot ~
UseReverseDNS off
AllowOverwrite on
MaxInstances none
TimesGMT on
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSRequired off
TLSRSACertificateFile ${given.crt}
TLSRSACertificateKeyFile ${given.key}
TLSOptions NoSessionReuseRequired
`;
