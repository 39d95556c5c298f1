import { Buffer } from 'node:buffer';

/**
 * The control connection is a Telnet one (RFC 959 §3.1, RFC 854): commands that clients put into it, around ABOR
 * above all, are taken out. Nothing is ever answered to them: FTP needs no option (RFC 1123 §4.1.2.12).
 */

const IAC = 255;
const [SE, SB, WILL, DONT] = [240, 250, 251, 254];

/** Where the bytes stopped: in text, after IAC, before an option's byte, in a subnegotiation, after IAC in one. */
export type TelnetState = 'text' | 'iac' | 'option' | 'sub' | 'sub-iac';

/** The text of `bytes`, which may begin and end anywhere; IAC IAC is the byte 255. */
export function stripTelnet(bytes: Buffer, state: TelnetState): { text: Buffer; state: TelnetState } {
  if (state === 'text' && !bytes.includes(IAC)) return { text: bytes, state };
  // One more: the IAC of the bytes before.
  const text = Buffer.allocUnsafe(bytes.length + 1);
  let length = 0;
  let now = state;
  for (const byte of bytes) {
    const next = after[now](byte);
    if (next === KEEP_BOTH) text[length++] = IAC;
    if (next === KEEP || next === KEEP_BOTH) text[length++] = byte;
    now = next === KEEP || next === KEEP_BOTH ? 'text' : next;
  }
  return { text: text.subarray(0, length), state: now };
}

const KEEP = Symbol('the byte is text');
const KEEP_BOTH = Symbol('the byte is text, and so was the IAC before it');

const after: Record<TelnetState, (byte: number) => TelnetState | typeof KEEP | typeof KEEP_BOTH> = {
  text: (byte) => (byte === IAC ? 'iac' : KEEP),
  iac: (byte) => {
    if (byte === IAC) return KEEP;
    // Below SE there are no commands: a letter of a client that doubles none, or the urgent data mark that stood here
    // went out of band.
    if (byte < SE) return KEEP_BOTH;
    if (byte === SB) return 'sub';
    return byte >= WILL && byte <= DONT ? 'option' : 'text';
  },
  option: () => 'text',
  sub: (byte) => (byte === IAC ? 'sub-iac' : 'sub'),
  'sub-iac': (byte) => (byte === SE ? 'text' : 'sub'),
};
