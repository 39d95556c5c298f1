/** What the server says: a code, a sentence, and lines between them where the reply has several. */
export interface Reply {
  readonly code: number;
  readonly text: string;
  readonly details?: readonly string[];
  /** The control connection is closed after it. */
  readonly last?: true;
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

/** Names come from clients: no line end or other control character of theirs gets into a reply or a listing. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');

/** RFC 959 §4.2. Inner lines begin with a space, so that none is taken for the last one (RFC 2389 §3.2). */
export function encodeReply({ code, text, details }: Reply): string {
  if (!details) return `${code} ${printable(text)}\r\n`;
  const inner = details.map((line) => ` ${printable(line)}\r\n`).join('');
  return `${code}-${printable(text)}\r\n${inner}${code} End\r\n`;
}
