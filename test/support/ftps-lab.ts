import { randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { openCertificatesFolder } from '../../adapters/tls/certificates-folder.ts';
import { openTicketKeysFile } from '../../adapters/tls/ticket-keys-file.ts';
import { createGate } from '../../core/gate.ts';
import type { Partner } from '../../core/partner.ts';
import { createTlsEnds } from '../../services/ftp/tls/contexts.ts';
import { aPartner } from './a-partner.ts';
import { type FtpLab, type FtpTalk, type LabOptions, startFtpLab, talkOn } from './ftp-lab.ts';
import { temporaryFolder } from './landfall-process.ts';
import { quietLog } from './quiet-log.ts';
import { type CertificateFiles, makeCertificate } from './tls-certificates.ts';
import { type TlsTap, tapTls } from './tls-tap.ts';

/** The least that Landfall takes: what a login costs is tested elsewhere. */
const cheapHash = (password: string): string => {
  const [salt, cost] = [randomBytes(16), { N: 2 ** 13, r: 8, p: 1 }];
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=13,r=8,p=1$${text(salt)}$${text(scryptSync(password, salt, 32, cost))}`;
};
const HASH = cheapHash('secret');

/** An FTP listener with TLS, explicit and implicit; user `acme`, password `secret`. */
export interface FtpsLab extends FtpLab {
  readonly folder: string;
  /** Holds `default.crt`, for localhost. */
  readonly certificates: string;
  readonly certificate: CertificateFiles;
  readonly client: CertificateFiles;
  /** TLS on a control connection that AUTH was accepted on. */
  upgrade(talk: FtpTalk, how?: TlsHow): Promise<SecureTalk>;
  /** A control connection under TLS, with its greeting taken. */
  dialTls(how?: TlsHow): Promise<SecureTalk>;
  /** The same after the login, in TYPE I and PROT P. */
  logInTls(how?: TlsHow): Promise<SecureTalk>;
  close(): Promise<void>;
}

export interface TlsHow extends ConnectionOptions {
  readonly implicit?: boolean;
}

export interface SecureTalk extends FtpTalk {
  readonly socket: TLSSocket;
  /** A data connection by EPSV, on which the handshake is still to come; it resumes the newest session. */
  passiveTls(more?: ConnectionOptions): Promise<TLSSocket>;
  /** What a client would resume now. */
  newestSession(): Buffer | undefined;
  /** The same as `passiveTls`, with the connection below it in the test's hand. */
  tapped(cutAfter?: number): Promise<TlsTap>;
}

interface LabLogin {
  readonly user: string;
  readonly password?: string;
  readonly certificate?: string;
}

/** As a partner's file has it. */
const written = ({ user, password, certificate }: LabLogin) => {
  if (certificate !== undefined && password === undefined) return { user, certificate };
  return { user, password: password === undefined ? HASH : cheapHash(password), certificate };
};

export interface FtpsLabOptions extends LabOptions {
  /** In place of the two; `password` is one in the clear, and `secret` where there is none. */
  readonly logins?: readonly LabLogin[];
  /** More partners. */
  readonly others?: readonly { readonly name: string; readonly logins: readonly LabLogin[] }[];
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ticketKeysFile?: string;
  readonly handshakeMs?: number;
}

export async function startFtpsLab(options: FtpsLabOptions = {}): Promise<FtpsLab> {
  const {
    logins,
    minVersion = 'TLSv1.2',
    ticketKeysFile,
    handshakeMs = 60_000,
    partner: rules,
    others = [],
    ...more
  } = options;
  const { path: folder, remove } = await temporaryFolder();
  const certificates = join(folder, 'certificates');
  await mkdir(certificates);
  const certificate = await makeCertificate(certificates, 'default');
  const client = await makeCertificate(folder, 'client', ['client.example']);
  const source = await openCertificatesFolder({ folder: certificates, log: more.log ?? quietLog });
  const ownLogins = [{ user: 'acme' }, { user: 'card', certificate: client.fingerprint }];
  const partner = { logins: (logins ?? ownLogins).map(written), ...rules };
  const otherPartners = others.map((one) => aPartner({ ...one, logins: one.logins.map(written) }));
  const all: readonly Partner[] = [aPartner(partner), ...otherPartners];
  const login = (user: string) =>
    all
      .flatMap((one) => one.logins.map((own) => ({ partner: one, login: own })))
      .find((found) => found.login.user === user);
  const fleet = more.fleet ?? createLocalFleet();
  const ends = createTlsEnds({
    certificates: source,
    ticketKeys: ticketKeysFile ? await openTicketKeysFile(ticketKeysFile, quietLog) : fleet.ticketKeys,
    minVersion,
  });
  const lab = await startFtpLab({
    gate: createGate({ partners: { login, all: () => all }, fleet }),
    fleet,
    ...more,
    partner,
    tls: { current: () => ends.current(), implicitPort: 0, handshakeMs },
  });

  const secure = async (how: TlsHow, on?: FtpTalk): Promise<TLSSocket> => {
    const { implicit: _, ...tls } = how;
    const where = on ? { socket: on.socket } : { host: '127.0.0.1', port: lab.listener.implicitPort };
    const socket = connect({ rejectUnauthorized: false, ALPNProtocols: ['ftp'], ...where, ...tls });
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]);
    if (!socket.authorized && socket.destroyed) throw new Error('the handshake failed');
    return socket;
  };

  const dialTls = async (how: TlsHow = {}): Promise<SecureTalk> => {
    if (how.implicit) {
      const talk = talkUnder(await secure(how), how);
      await talk.expect(220);
      return talk;
    }
    const plain = await lab.dial();
    await plain.expect(220);
    await plain.say('AUTH TLS', 234);
    return upgrade(plain, how);
  };

  const upgrade = async (plain: FtpTalk, how: TlsHow = {}): Promise<SecureTalk> =>
    talkUnder(await secure(how, plain), how);

  const talkUnder = (socket: TLSSocket, how: TlsHow): SecureTalk => {
    const talk = talkOn(socket, { host: '127.0.0.1' });
    let session: Buffer | undefined = socket.getSession();
    socket.on('session', (one: Buffer) => {
      session = one;
    });
    const { implicit: _, ALPNProtocols: __, ...own } = how;
    const offered = (): ConnectionOptions => ({ ...own, ...(session ? { session } : {}) });
    return Object.assign(talk, {
      socket,
      async passiveTls(tls: ConnectionOptions = {}) {
        const plain = await talk.passive();
        const data = connect({ socket: plain, rejectUnauthorized: false, ...offered(), ...tls });
        data.on('error', () => undefined);
        return data;
      },
      newestSession: () => session,
      tapped: async (cutAfter?: number) => tapTls(await talk.passive(), offered(), cutAfter),
    });
  };

  return {
    ...lab,
    folder,
    certificates,
    certificate,
    client,
    upgrade,
    dialTls,
    async logInTls(how) {
      const talk = await dialTls(how);
      for (const [line, code] of [
        ['USER acme', 331],
        ['PASS secret', 230],
        ['PBSZ 0', 200],
        ['PROT P', 200],
        ['TYPE I', 200],
      ] as const) {
        await talk.say(line, code);
      }
      return talk;
    },
    async close() {
      await lab.listener.stop(0);
      await source.close();
      await remove();
    },
  };
}

/** Uploads over TLS; answers the last reply. */
export async function putTls(
  talk: SecureTalk,
  command: string,
  bytes: string | Buffer,
  tls?: ConnectionOptions,
): Promise<string> {
  const data = await talk.passiveTls(tls);
  await talk.say(command, 150);
  data.end(bytes);
  return talk.reply();
}

/** Downloads over TLS; answers the bytes. */
export async function getTls(talk: SecureTalk, command: string, tls?: ConnectionOptions): Promise<Buffer> {
  const data = await talk.passiveTls(tls);
  await talk.say(command, 150);
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(chunk as Buffer);
  data.end();
  await talk.expect(226);
  return Buffer.concat(chunks);
}
