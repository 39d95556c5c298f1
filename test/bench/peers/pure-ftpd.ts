import { chown, mkdir, writeFile } from 'node:fs/promises';
import { freePort } from '../../support/free-port.ts';
import { runProgram } from '../run-program.ts';
import { type Peer, startDaemon } from '../server.ts';
import { unpackPackages } from './debian-packages.ts';
import { forgetLargeIn } from './forget-large.ts';

const PACKAGES = ['pure-ftpd', 'pure-ftpd-common', 'libsodium23'];
const PASSWORD = 'secret';
/** Debian's `nobody` and `nogroup`: it lets no user be root. */
const NOBODY = 65_534;
/** More than any measure has. */
const MAX_CLIENTS = 2_000;

/** Pure-FTPd with a database of users of its own. It forks a process a session, and neither syncs nor computes a digest. */
export const pureFtpd: Peer = {
  name: 'pure-ftpd',
  needsRoot: true,
  async start(folder, { pem }) {
    const { root: unpacked, env } = await unpackPackages('pure-ftpd', PACKAGES);
    const [root, users, database] = [`${folder}/root`, `${folder}/users`, `${folder}/users.pdb`];
    const port = await freePort();
    await mkdir(`${root}/in`, { recursive: true });
    for (const path of [root, `${root}/in`]) await chown(path, NOBODY, NOBODY);
    // The cheapest kind that it takes: a login is measured, not a hash.
    const hash = (await runProgram('openssl', ['passwd', '-1', PASSWORD])).trim();
    await writeFile(users, `bench:${hash}:${NOBODY}:${NOBODY}::${root}/./::::::::::::\n`);
    await runProgram(`${unpacked}/usr/bin/pure-pw`, ['mkdb', database, '-f', users]);
    const args = [
      ...['--bind', `127.0.0.1,${port}`, '--login', `puredb:${database}`, '--minuid', '1', '--noanonymous'],
      ...['--maxclientsnumber', String(MAX_CLIENTS), '--maxclientsperip', String(MAX_CLIENTS)],
      ...['--dontresolve', '--pidfile', `${folder}/pid`, '--altlog', `clf:${folder}/log`],
      ...['--tls', '1', '--certfile', pem],
    ];
    return {
      ...(await startDaemon(folder, `${unpacked}/usr/sbin/pure-ftpd`, args, port, env)),
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
