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
  const text = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let now = state;
  for (const byte of bytes) {
    const next = after[now](byte);
    if (next === KEEP) text[length++] = byte;
    now = next === KEEP ? 'text' : next;
  }
  return { text: text.subarray(0, length), state: now };
}

const KEEP = Symbol('the byte is text');

const after: Record<TelnetState, (byte: number) => TelnetState | typeof KEEP> = {
  text: (byte) => (byte === IAC ? 'iac' : KEEP),
  iac: (byte) => {
    // Below SE there are no commands: the urgent data mark that stood here went out of band, and this is text again.
    if (byte === IAC || byte < SE) return KEEP;
    if (byte === SB) return 'sub';
    return byte >= WILL && byte <= DONT ? 'option' : 'text';
  },
  option: () => 'text',
  sub: (byte) => (byte === IAC ? 'sub-iac' : 'sub'),
  'sub-iac': (byte) => (byte === SE ? 'text' : 'sub'),
};
