import { join } from 'node:path';
import type { Invocation } from '../../wire/clients/client.ts';
import { quoted } from '../../wire/clients/rows/lftp.ts';

/** Where clients go; with `ca` they demand TLS on both connections. */
export interface FrontDoor {
  readonly host: string;
  readonly port: number;
  /** Of implicit FTPS. */
  readonly implicitPort: number;
  readonly user: string;
  readonly password: string;
  readonly ca: string | undefined;
}

export interface Tree {
  readonly local: string;
  readonly remote: string;
  readonly names: readonly string[];
}

/** A client that we did not write, as it moves a folder of files. */
export interface TreeClient {
  readonly name: string;
  readonly hasTls: boolean;
  up(door: FrontDoor, tree: Tree): Invocation;
  down(door: FrontDoor, tree: Tree): Invocation;
}

/**
 * One session, whose files are in a configuration on its stdin. TLS is implicit here, explicit in the others. By TLS 1.3
 * it uses each ticket once and takes no new one on a connection on which it only sends: its second upload in a session
 * resumes nothing, here as with any other server.
 */
function curl(
  { host, port, implicitPort, user, password, ca }: FrontDoor,
  pairs: [string, string][],
): Invocation {
  const server = ca === undefined ? `ftp://${host}:${port}` : `ftps://${host}:${implicitPort}`;
  const trust = ca === undefined ? [] : ['--tls-max', '1.2', '--cacert', ca];
  return {
    command: 'curl',
    args: [
      '--disable',
      '--silent',
      '--show-error',
      '--fail-early',
      '--user',
      `${user}:${password}`,
      ...trust,
      '--config',
      '-',
    ],
    input: pairs.map(([option, path]) => `${option}\nurl = "${server}${path}"\n`).join(''),
  };
}

function lftp({ host, port, user, password, ca }: FrontDoor, command: string): Invocation {
  const tls =
    ca === undefined
      ? ['set ftp:ssl-allow no']
      : [`set ssl:ca-file ${quoted(ca)}`, 'set ftp:ssl-force yes', 'set ftp:ssl-protect-data yes'];
  const script = [
    'set cmd:fail-exit yes',
    'set net:max-retries 1',
    'set net:timeout 200',
    ...tls,
    `open -u ${user},${password} ftp://${host}:${port}`,
    command,
  ];
  return { command: 'lftp', args: ['--norc', '-c', script.join('\n')] };
}

const ncftp = (
  program: string,
  { host, port, user, password }: FrontDoor,
  ...words: string[]
): Invocation => ({
  command: program,
  args: ['-u', user, '-p', password, '-P', String(port), '-t', '200', '-r', '1', '-V', '-F', host, ...words],
});

/** A library with a small program around it. */
const scripted =
  (command: string, script: string) =>
  (verb: 'up' | 'down') =>
  (door: FrontDoor, tree: Tree): Invocation => ({
    command,
    args: [
      join(import.meta.dirname, 'programs', script),
      ...[
        door.host,
        String(door.port),
        door.user,
        door.password,
        door.ca ?? '-',
        verb,
        tree.local,
        tree.remote,
      ],
    ],
  });
const ftplib = scripted('python3', 'ftplib_tree.py');
const basicFtp = scripted(process.execPath, 'basic-ftp-tree-process.ts');

export const treeClients: readonly TreeClient[] = [
  {
    name: 'curl',
    hasTls: true,
    up: (door, { local, remote, names }) =>
      curl(
        door,
        names.map((name) => [`upload-file = "${local}/${name}"`, `${remote}/${name}`]),
      ),
    down: (door, { local, remote, names }) =>
      curl(
        door,
        names.map((name) => [`output = "${local}/${name}"`, `${remote}/${name}`]),
      ),
  },
  {
    name: 'lftp, eight at once',
    hasTls: true,
    up: (door, { local, remote }) => lftp(door, `mirror -R --parallel=8 ${quoted(local)} ${quoted(remote)}`),
    down: (door, { local, remote }) => lftp(door, `mirror --parallel=8 ${quoted(remote)} ${quoted(local)}`),
  },
  {
    name: 'ncftp',
    hasTls: false,
    up: (door, { local, remote, names }) =>
      ncftp('ncftpput', door, remote, ...names.map((name) => join(local, name))),
    down: (door, { local, remote, names }) =>
      ncftp('ncftpget', door, local, ...names.map((name) => `${remote}/${name}`)),
  },
  { name: 'ftplib', hasTls: true, up: ftplib('up'), down: ftplib('down') },
  { name: 'basic-ftp', hasTls: true, up: basicFtp('up'), down: basicFtp('down') },
];
