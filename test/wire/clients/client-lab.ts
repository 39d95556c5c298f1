import { execFile } from 'node:child_process';
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client as BasicFtp } from 'basic-ftp';
import { expect } from 'vitest';
import { freePorts, type PortRange } from '../../support/free-ports.ts';
import { type LandfallProcess, startLandfall, temporaryFolder } from '../../support/landfall-process.ts';
import { makeCertificate } from '../../support/tls-certificates.ts';
import type { Client, Invocation, Server, TlsVersion } from './client.ts';
import { sha256OfFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';
import { namesInNlst } from './rows/names-in.ts';
import { type Running, sha256OfOutput, startProgram } from './run-program.ts';

const USER = 'acme';
/** `rows/rclone.ts` has it in rclone's own form. */
const PASSWORD = 'sesame-123';

/** The least that Landfall takes: these tests log in a thousand times, and login is tested elsewhere. */
function cheapHash(): string {
  const [salt, cost] = [randomBytes(16), { N: 2 ** 13, r: 8, p: 1 }];
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=13,r=8,p=1$${text(salt)}$${text(scryptSync(PASSWORD, salt, 32, cost))}`;
}

/** Everything is taken, empty files too, and announced. */
const partnerFile = (ftp: object): string => `
name: acme
logins: [{ user: ${USER}, password: "${cheapHash()}" }]
folders: [/in]
ftp: ${JSON.stringify(ftp)}
feeds:
  - { name: all, path: /**, accept: { empty: announce }, scan: "off" }
`;

/** Of one lab. */
const PASSIVE_PORTS = 16;

export const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');

/** One row of the command line's list of arrivals. */
export interface ListedArrival {
  readonly path: string;
  readonly size: number;
  readonly state: string;
}

export interface ClientLab {
  readonly landfall: LandfallProcess;
  /** Local files go here; also the clients' home. */
  readonly folder: string;
  readonly server: Server;
  readonly server6: Server;
  /** The server, under TLS. */
  secure(security: 'explicit' | 'implicit', tls?: TlsVersion): Server;
  readonly passivePorts: PortRange;
  start(invocation: Invocation): Running;
  /** Runs it to its end; answers its output. */
  run(invocation: Invocation): Promise<string>;
  /** The sha256 of the remote file as the client gets it, without storing it where the client can do that. */
  sha256(client: Client, server: Server, path: string): Promise<string>;
  /** All that is visible in the folder. */
  names(folder: string): Promise<string[]>;
  /** What SIZE answers. */
  size(path: string): Promise<number>;
  /** All arrivals, when `enough` of them are done. */
  arrivals(enough: (done: readonly ListedArrival[]) => boolean): Promise<readonly ListedArrival[]>;
  stop(): Promise<void>;
}

/** `ftp` as the partner's file says how FTP is spoken with it. */
export async function startClientLab(
  settings: Record<string, string> = {},
  ftp: object = {},
): Promise<ClientLab> {
  const { path: folder, remove } = await temporaryFolder();
  const data = join(folder, 'data');
  await mkdir(join(data, 'partners'), { recursive: true });
  await writeFile(join(data, 'partners/acme.yaml'), partnerFile(ftp));
  const certificates = join(folder, 'certificates');
  await mkdir(certificates);
  const { certificate } = await makeCertificate(certificates, 'default', ['localhost', '127.0.0.2']);
  const { first, last: implicitPort } = await freePorts(PASSIVE_PORTS + 1);
  const passivePorts = { first, last: implicitPort - 1 };
  const env = {
    LANDFALL_FTP_ADDRESS: hasIpv6 ? '::' : '127.0.0.1',
    // No feed scans: it is never asked.
    LANDFALL_SCANNER: `clamd:${join(folder, 'no-clamd')}`,
    LANDFALL_TLS_CERTIFICATES: certificates,
    LANDFALL_FTPS_PORT: String(implicitPort),
    LANDFALL_FTP_PASSIVE_PORTS: `${passivePorts.first}-${passivePorts.last}`,
    ...settings,
  };
  const landfall = await startLandfall({ dataFolder: data, env });
  const server: Server = {
    host: '127.0.0.1',
    port: landfall.ftp.port,
    user: USER,
    password: PASSWORD,
    data: 'passive',
    security: 'plain',
    trusted: certificate,
  };

  const start = (invocation: Invocation): Running => startProgram(invocation, folder);
  const withOwnClient = async <Result>(use: (client: BasicFtp) => Promise<Result>): Promise<Result> => {
    const client = new BasicFtp(100_000);
    await client.access({ host: server.host, port: server.port, user: USER, password: PASSWORD });
    return use(client).finally(() => client.close());
  };
  let downloads = 0;

  return {
    landfall,
    folder,
    server,
    server6: { ...server, host: '::1' },
    secure: (security, tls) => ({
      ...server,
      security,
      port: security === 'implicit' ? implicitPort : server.port,
      ...(tls && { tls }),
    }),
    passivePorts,
    start,
    run: (invocation) => start(invocation).done,
    async sha256(client, from, path) {
      if (client.stream) return sha256OfOutput(client.stream(from, path), folder);
      const into = join(folder, `download-${downloads++}`);
      await start(client.download!(from, path, into)).done;
      return sha256OfFile(into).finally(() => unlink(into));
    },
    names: async (path) => namesInNlst(await start(CURL.listings!.NLST!.run(server, path, '')).done),
    size: (path) => withOwnClient((client) => client.size(path)),
    async arrivals(enough) {
      const args = ['services/cli/main.ts', 'arrivals', 'list', '--json', '--limit', '10000'];
      let done: ListedArrival[] = [];
      await expect
        .poll(
          async () => {
            const { stdout } = await promisify(execFile)(process.execPath, args, {
              cwd: join(import.meta.dirname, '../../..'),
              env: { PATH: process.env.PATH, LANDFALL_DATA: data, NODE_NO_WARNINGS: '1' },
              maxBuffer: 64 * 1024 * 1024,
            });
            done = stdout
              .split('\n')
              .filter(Boolean)
              .map((line) => JSON.parse(line) as ListedArrival);
            return enough(done);
          },
          { timeout: 120_000, interval: 200 },
        )
        .toBe(true);
      return done;
    },
    async stop() {
      await landfall.stop();
      await remove();
    },
  };
}
