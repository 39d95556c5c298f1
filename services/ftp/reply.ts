/** What the server says: a code, a sentence, and lines between them where the reply has several. */
export interface Reply {
  readonly code: number;
  readonly text: string;
  readonly details?: readonly string[];
  /** The control connection is closed after it. */
  readonly last?: true;
  /** What becomes of TLS on the control connection behind it; `private`: data connections are under TLS too. */
  readonly tls?: 'begins' | 'begins-private' | 'ends';
}

export const reply = (code: number, text: string, details?: readonly string[]): Reply =>
  details ? { code, text, details } : { code, text };

/** 221 and 421: said before the control connection is closed. */
export const lastReply = (code: 221 | 421, text: string): Reply => ({ code, text, last: true });

/** Thrown where a command ends with this reply. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(code: number, text: string) {
    super(text);
    this.name = 'Refusal';
    this.reply = reply(code, text);
  }
}

/**
 * Text that is one line. Names come from clients, and from whoever else writes to the store: none of theirs ends a line
 * of a reply or a listing. All other characters stay, as a client must be able to ask for a name that it was told.
 */
export const onOneLine = (text: string): string => text.replace(/[\0\r\n]/g, '?');

/** RFC 959 §4.2. Inner lines begin with a space, so that none is taken for the last one (RFC 2389 §3.2). */
export function encodeReply({ code, text, details }: Reply): string {
  if (!details) return `${code} ${onOneLine(text)}\r\n`;
  const inner = details.map((line) => ` ${onOneLine(line)}\r\n`).join('');
  return `${code}-${onOneLine(text)}\r\n${inner}${code} End\r\n`;
}
