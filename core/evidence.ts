import type { Buffer } from 'node:buffer';
import { Fault } from './fault.ts';
import type { Feed } from './feed.ts';

/**
 * Is the upload whole? In FTP the end of a file is the closing of a connection, so a sender that dies looks like one
 * that is done. These are the signs that tell the two apart; a feed says which of them it insists on.
 */

/** What the listener saw. Asked for twice: when the bytes end, and again just before the file becomes visible. */
export interface Evidence {
  /** The size the sender gave beforehand (ALLO, Content-Length), in bytes. */
  readonly announcedSize?: number;
  /** The sender is still there: FTP's control connection is open and sent no ABOR. */
  readonly controlAlive: boolean;
  /** The bytes came over TLS, and their end was told (close_notify): nobody between has cut them. Many clients never tell. */
  readonly closedInTls?: boolean;
}

export interface Content {
  readonly size: number;
  /** The first and the last bytes of the file, at most `EDGE_BYTES` each; an upload that went on may not know its first. */
  readonly head: Buffer | undefined;
  readonly tail: Buffer;
}

/** Bytes kept of each end of an upload. */
export const EDGE_BYTES = 256;

type EvidenceName = Feed['accept']['complete'][number];

/** A row tells what is missing, in words for the sender, or nothing when the sign is there. */
const signs: Record<EvidenceName, (content: Content, evidence: Evidence, feed: Feed) => string | undefined> =
  {
    'announced-size': (_content, { announcedSize }) =>
      announcedSize === undefined ? 'this feed wants the size announced before the upload (ALLO)' : undefined,
    trailer: ({ head, tail }, _evidence, feed) => missingTrailer[feed.accept.format]?.(head, tail),
    'control-alive': (_content, { controlAlive }) =>
      controlAlive ? undefined : 'the control connection was lost before the upload was complete',
    'tls-close': (_content, { closedInTls }) =>
      closedInTls ? undefined : 'this feed wants uploads over TLS, ended with a close_notify',
  };

const blank = (text: string): string => text.replace(/[\s\0\x1a]+$/, '');

/** By format: what is missing at the end of the content. Formats without an ending of their own have no row. */
const missingTrailer: Partial<
  Record<Feed['accept']['format'], (head: Buffer | undefined, tail: Buffer) => string | undefined>
> = {
  x12: (head, tail) => {
    if (!head) {
      return /IEA(\W)\d+\1\d+\s*.?$/.test(blank(tail.toString('latin1')))
        ? undefined
        : 'the last segment is not IEA';
    }
    // ISA is 106 characters: [3] separates elements, [105] ends segments. The last terminator is often left off.
    const start = Math.max(0, head.indexOf('ISA'));
    const [element, segment] = [
      head.toString('latin1', start + 3, start + 4),
      head.toString('latin1', start + 105, start + 106),
    ];
    const segments = blank(tail.toString('latin1')).split(segment || '~');
    const last = segments.map((one) => one.trim()).findLast((one) => one !== '');
    return last?.startsWith(`IEA${element}`) ? undefined : 'the last segment is not IEA';
  },
  json: (head, tail) => {
    const last = blank(tail.toString('latin1')).at(-1);
    if (!head) return last === '}' || last === ']' ? undefined : 'the JSON does not end';
    const first = head.toString('latin1').trim()[0];
    return (first === '{' && last !== '}') || (first === '[' && last !== ']')
      ? 'the JSON does not end'
      : undefined;
  },
  xml: (_head, tail) =>
    blank(tail.toString('latin1')).endsWith('>') ? undefined : 'the last tag is not closed',
  zip: (_head, tail) =>
    tail.includes('PK\x05\x06', 0, 'latin1') ? undefined : 'the central directory has no end',
  pdf: (_head, tail) => (tail.includes('%%EOF') ? undefined : 'the end mark %%EOF is missing'),
};

/** Throws `incomplete`, saying which sign is missing. An announced size that is not met is never whole. */
export function requireWhole(feed: Feed, content: Content, evidence: Evidence): void {
  const { announcedSize } = evidence;
  if (announcedSize !== undefined && announcedSize !== content.size) {
    throw new Fault('incomplete', `${content.size} of the ${announcedSize} bytes announced have arrived`);
  }
  for (const name of feed.accept.complete) {
    const missing = signs[name](content, evidence, feed);
    if (missing) throw new Fault('incomplete', missing);
  }
}
