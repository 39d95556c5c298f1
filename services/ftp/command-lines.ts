import { Buffer } from 'node:buffer';
import { stripTelnet, type TelnetState } from './telnet.ts';

/** Bytes of one command line: the longest path a store can hold, and as much again for the verb and for waste. */
export const MAX_LINE_BYTES = 4096;

/** What has come over the control connection and is not yet a command. */
export interface Unread {
  /** Text without Telnet's commands. */
  readonly text: Buffer;
  readonly telnet: TelnetState;
  /** In a line that is too long, of which the rest is dropped. */
  readonly dropping: boolean;
  /** A line was taken at its CR; the LF that may follow belongs to it, and so does a CR before that. */
  readonly lineFeedOwed: boolean;
}

/** The bytes of a line without its end: what they are written in, the session knows. */
export type CommandLine = { readonly bytes: Buffer } | 'too-long';

const NOTHING = Buffer.alloc(0);
export const nothingUnread: Unread = {
  text: NOTHING,
  telnet: 'start',
  dropping: false,
  lineFeedOwed: false,
};

const [LF, CR, DATA_MARK, IAC] = [0x0a, 0x0d, 0xf2, 0xff];

export function addBytes(unread: Unread, bytes: Buffer): Unread {
  const { text, state } = stripTelnet(bytes, unread.telnet);
  return {
    ...unread,
    text: unread.text.length === 0 ? text : Buffer.concat([unread.text, text]),
    telnet: state,
  };
}

/** Takes up to `max` lines, without empty ones. They end with CRLF, or with LF alone, as some clients send them. */
export function takeLines(unread: Unread, max: number): { lines: CommandLine[]; rest: Unread } {
  const lines: CommandLine[] = [];
  let { text, dropping, lineFeedOwed } = unread;
  while (lines.length < max && text.length > 0) {
    if (lineFeedOwed) {
      lineFeedOwed = text[0] === CR;
      if (text[0] === LF || text[0] === CR) text = text.subarray(1);
      continue;
    }
    const urgent = dropping ? 0 : lengthOfUrgent(text);
    if (urgent > 0) {
      lines.push({ bytes: lineIn(text.subarray(0, urgent)) });
      lineFeedOwed = true;
      text = text.subarray(urgent);
      continue;
    }
    const end = text.indexOf(LF);
    if (end === -1) {
      if (!dropping && text.length <= MAX_LINE_BYTES) break;
      if (!dropping) lines.push('too-long');
      dropping = true;
      text = NOTHING;
      break;
    }
    const line = dropping ? NOTHING : end > MAX_LINE_BYTES ? 'too-long' : lineIn(text.subarray(0, end));
    if (line === 'too-long') lines.push(line);
    // Routers that write the addresses of PORT anew put empty lines between, and programs do not await a reply to them.
    else if (line.length > 0) lines.push({ bytes: line });
    dropping = false;
    text = text.subarray(end + 1);
  }
  return { lines, rest: { ...unread, text, dropping, lineFeedOwed } };
}

/** Whether there may be another line to take without more bytes, if only one that is too long. */
export const hasLine = ({ text }: Unread): boolean => text.includes(LF) || text.length > MAX_LINE_BYTES;

/** Data marks whose IAC went out of band, and the other way round. */
const marksBefore = (line: Buffer): number => {
  let marks = 0;
  while (line[marks] === DATA_MARK || line[marks] === IAC) marks += 1;
  return marks;
};

/** RFC 959 §4.1.3: what clients send as urgent data, ABOR above all; Ruby's Net::FTP also STAT. */
const URGENT_AT_CR = /^(?:abor|stat|quit)\r$/i;

/**
 * Bytes up to the CR of an urgent command that the text begins with, or 0. The last urgent byte, its LF, does not come
 * in the stream (RFC 793 §3.7): this command is complete without.
 */
function lengthOfUrgent(text: Buffer): number {
  const end = marksBefore(text) + 5;
  return URGENT_AT_CR.test(text.toString('latin1', end - 5, end)) ? end : 0;
}

/** Programs that write CRLF through a library which makes CRLF of LF send more than one CR. */
function lineIn(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && line[end - 1] === CR) end -= 1;
  return line.subarray(marksBefore(line), end);
}
