import type { Log } from '../../core/ports/log.ts';
import type { Zone } from '../../core/zone.ts';
import type { WrittenIn } from './charset.ts';
import type { DataChannel } from './data/channel.ts';
import { DEFAULT_LEVEL } from './data/mode-z.ts';
import type { PassivePorts } from './data/passive-ports.ts';
import type { HashName } from './hash-names.ts';
import type { Left } from './left-behind.ts';
import { allFacts, type FactName } from './listing/facts.ts';
import type { FtpOptions } from './options.ts';
import { Refusal } from './reply.ts';
import type { Protection } from './tls/protection.ts';
import type { Transfer } from './transfer.ts';

/** RFC 959 §3.1.1: ASCII with line ends converted, or image, byte by byte. */
export type TransferType = 'A' | 'I';

/** RFC 959 §3.4: a stream as it is, or a compressed one (draft-preston-ftpext-deflate). */
export type TransferMode = 'S' | 'Z';

/** A partner that is logged in. */
export interface Visit {
  readonly zone: Zone;
  /** That of the session when nobody was logged in. */
  readonly logBefore: Log;
  /** Counts the session out. */
  leave(): Promise<void>;
}

/** What one control connection's commands know and change. No socket: the control connection reads and writes. */
export interface Session {
  readonly id: string;
  readonly options: FtpOptions;
  log: Log;
  readonly client: string;
  /** The address that the client dialled. */
  readonly local: string;
  /** The address of this end of the control connection; another than `local` where a proxy is between. */
  readonly own: string;
  /** Of the listener, shared by all sessions. */
  readonly ports: PassivePorts;
  readonly startedAt: number;
  /** Whether the control connection is open, and is being read. */
  controlAlive: () => boolean;

  /** TLS was there from the first byte: implicit FTPS. */
  readonly isImplicit: boolean;
  /** What there is of TLS; undefined in the clear. */
  protection: Protection | undefined;
  /** What the client says it is, by CLNT or CSID. */
  program: string | undefined;
  /** The host that HOST named (RFC 7151), in lower case. */
  host: string | undefined;
  /** The host that the TLS handshake named (SNI), in lower case. */
  serverName: string | undefined;
  user: string | undefined;
  failedLogins: number;
  visit: Visit | undefined;
  folder: string;
  type: TransferType;
  /** Whether the client has said it; until then `type` is what RFC 959 has for who says nothing. */
  isTypeSaid: boolean;
  mode: TransferMode;
  /** Of zlib, for what goes out in MODE Z. */
  deflateLevel: number;
  /** What HASH computes. */
  hash: HashName;
  writtenIn: WrittenIn;
  facts: readonly FactName[];
  left: Left;
  /** RFC 2428 §4: after EPSV ALL there is no other way to a data connection. */
  epsvOnly: boolean;
  channel: DataChannel | undefined;
  transfer: Transfer | undefined;
}

/** RFC 959 §4.1.1, REIN: as if the control connection had just been opened. */
export const atStart = (): Pick<
  Session,
  | 'host'
  | 'user'
  | 'visit'
  | 'folder'
  | 'type'
  | 'isTypeSaid'
  | 'mode'
  | 'deflateLevel'
  | 'hash'
  | 'writtenIn'
  | 'facts'
  | 'left'
  | 'epsvOnly'
  | 'channel'
> => ({
  host: undefined,
  user: undefined,
  visit: undefined,
  folder: '/',
  type: 'A',
  isTypeSaid: false,
  mode: 'S',
  deflateLevel: DEFAULT_LEVEL,
  hash: 'SHA-256',
  writtenIn: 'utf8-so-far',
  facts: allFacts,
  left: {},
  epsvOnly: false,
  channel: undefined,
});

/** For commands whose row says that they run after the login only. */
export function zoneOf(session: Session): Zone {
  if (!session.visit) throw new Error('the command ran before the login');
  const { zone } = session.visit;
  // It did not when the session began.
  if (zone.partner.ftp.tls !== 'optional' && !session.protection) {
    throw new Refusal(530, 'TLS is demanded of you now: AUTH TLS comes first.');
  }
  return zone;
}

/** Ends the visit and drops the prepared data connection. */
export async function endVisit(session: Session): Promise<void> {
  const { visit, channel } = session;
  session.visit = undefined;
  session.channel = undefined;
  channel?.close();
  if (!visit) return;
  session.log = visit.logBefore;
  await visit.leave();
}
