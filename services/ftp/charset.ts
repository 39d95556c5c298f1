import { Buffer, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { Fault } from '../../core/fault.ts';
import type { Partner } from '../../core/partner.ts';
import type { Session } from './session.ts';

/**
 * What the client writes its lines in. UTF-8 (RFC 2640 §2.2), until a line comes that is not: from then on it is the
 * partner's charset, and the client gets its listings and replies in it. One that asked for UTF-8 stays with that; one
 * whose partner's file says so begins with the charset.
 */
export type WrittenIn = 'utf8-so-far' | 'utf8' | 'charset';

type Charset = Partner['ftp']['charset'];
const BEFORE_LOGIN: Charset = 'iso-8859-1';
/** What decoders put for bytes that stand for nothing. */
const REPLACEMENT = '\ufffd';

const charsetOf = ({ visit }: Session): Charset => visit?.zone.partner.ftp.charset ?? BEFORE_LOGIN;

const isInCharset = ({ writtenIn, visit }: Session): boolean =>
  writtenIn === 'charset' || (writtenIn === 'utf8-so-far' && visit?.zone.partner.ftp.assumeUtf8 === false);

/** The text of a line of the client's. Throws `bad-name` where it is neither UTF-8 nor of the partner's charset. */
export function decodeLine(session: Session, bytes: Buffer): string {
  if (!isInCharset(session) && isUtf8(bytes)) return bytes.toString();
  const charset = charsetOf(session);
  const text = iconv.decode(bytes, charset);
  if (text.includes(REPLACEMENT)) throw new Fault('bad-name', `it is not in UTF-8 and not in ${charset}`);
  if (session.writtenIn === 'utf8-so-far' && session.visit) session.writtenIn = 'charset';
  return text;
}

/** What goes to the client, over either connection; `?` for what its charset does not have. */
export const encodeText = (session: Session, text: string): Buffer =>
  isInCharset(session) ? iconv.encode(text, charsetOf(session)) : Buffer.from(text);
