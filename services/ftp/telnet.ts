import { Buffer } from 'node:buffer';

/**
 * The control connection is a Telnet one (RFC 959 §3.1, RFC 854): commands that clients put into it, before ABOR
 * above all, are taken out. Nothing is ever answered to them: FTP needs no option (RFC 1123 §4.1.2.12).
 *
 * Within a line there are none. A byte 255 there is a letter, doubled by some clients and by others not, and what
 * follows it may be one that looks like a command: in windows-1251 `ять` begins with IAC DM.
 */

const [LF, CR, IAC] = [0x0a, 0x0d, 255];
const [SE, SB, WILL, DONT] = [240, 250, 251, 254];

/**
 * Where the bytes stopped: before a line, in one, after the letter 255 in one; before a line after IAC, before an
 * option's byte, in a subnegotiation, after IAC in one.
 */
export type TelnetState = 'start' | 'text' | 'letter' | 'iac' | 'option' | 'sub' | 'sub-iac';

/** The text of `bytes`, which may begin and end anywhere; IAC IAC is the byte 255. */
export function stripTelnet(bytes: Buffer, state: TelnetState): { text: Buffer; state: TelnetState } {
  if ((state === 'text' || state === 'start') && !bytes.includes(IAC)) {
    const last = bytes.at(-1);
    return { text: bytes, state: last === undefined ? state : behind(last) };
  }
  // One more: the IAC of the bytes before.
  const text = Buffer.allocUnsafe(bytes.length + 1);
  let length = 0;
  let now = state;
  for (const byte of bytes) {
    const next = after[now](byte);
    if (next === KEEP_BOTH) text[length++] = IAC;
    if (next === KEEP || next === KEEP_BOTH) text[length++] = byte;
    now = next === KEEP || next === KEEP_BOTH ? behind(byte) : next;
  }
  return { text: text.subarray(0, length), state: now };
}

/** A line may have ended with CR alone: the LF of an ABOR that was urgent does not come. */
const behind = (byte: number): TelnetState => (byte === LF || byte === CR ? 'start' : 'text');

const KEEP = Symbol('the byte is text');
const KEEP_BOTH = Symbol('the byte is text, and so was the IAC before it');

const after: Record<TelnetState, (byte: number) => TelnetState | typeof KEEP | typeof KEEP_BOTH> = {
  start: (byte) => (byte === IAC ? 'iac' : KEEP),
  text: (byte) => (byte === IAC ? 'letter' : KEEP),
  letter: (byte) => (byte === IAC ? KEEP : KEEP_BOTH),
  iac: (byte) => {
    if (byte === IAC) return KEEP;
    // Below SE there are no commands: the urgent data mark that stood here went out of band.
    if (byte < SE) return KEEP_BOTH;
    if (byte === SB) return 'sub';
    return byte >= WILL && byte <= DONT ? 'option' : 'start';
  },
  option: () => 'start',
  sub: (byte) => (byte === IAC ? 'sub-iac' : 'sub'),
  'sub-iac': (byte) => (byte === SE ? 'start' : 'sub'),
};
