import { Buffer } from 'node:buffer';

/**
 * TYPE A (RFC 959 §3.1.1.1): on the wire lines end with CRLF, in the store with LF. Both ways work on any cut of the
 * bytes into chunks; what must be known of the chunk before is handed from call to call.
 */

const [LF, CR] = [0x0a, 0x0d];
const LONE_CR = Buffer.from([CR]);

/**
 * Every CRLF to LF, in the chunk's own memory. A CR at the end is held back until it is known what follows: `held`
 * says that the chunk before did, and a last one is to be written when no more comes.
 */
export function toStoredLines(chunk: Buffer, held: boolean): { parts: Buffer[]; held: boolean } {
  if (chunk.length === 0) return { parts: [], held };
  const parts: Buffer[] = held && chunk[0] !== LF ? [LONE_CR] : [];
  const endsHeld = chunk.at(-1) === CR;
  const end = endsHeld ? chunk.length - 1 : chunk.length;
  let length = 0;
  let from = 0;
  while (from < end) {
    let next = chunk.indexOf('\r\n', from, 'latin1');
    if (next === -1 || next > end) next = end;
    if (length !== from) chunk.copyWithin(length, from, next);
    length += next - from;
    from = next + 1;
    // The LF that follows is the first byte of the next stretch.
  }
  if (length > 0) parts.push(chunk.subarray(0, length));
  return { parts, held: endsHeld };
}

/** The CR that `toStoredLines` still holds when the transfer ends. */
export const heldLine = (held: boolean): Buffer[] => (held ? [LONE_CR] : []);

/** Every LF to CRLF; a CRLF that is there stays. `afterCr`: the chunk before ended with CR. */
export function toNetworkLines(chunk: Buffer, afterCr: boolean): { bytes: Buffer; afterCr: boolean } {
  const last = chunk.length === 0 ? afterCr : chunk.at(-1) === CR;
  let at = chunk.indexOf(LF);
  if (at === -1) return { bytes: chunk, afterCr: last };
  const bytes = Buffer.allocUnsafe(chunk.length * 2);
  let length = 0;
  let from = 0;
  for (; at !== -1; at = chunk.indexOf(LF, from)) {
    length += chunk.copy(bytes, length, from, at);
    if (!(at === 0 ? afterCr : chunk[at - 1] === CR)) bytes[length++] = CR;
    bytes[length++] = LF;
    from = at + 1;
  }
  length += chunk.copy(bytes, length, from);
  return { bytes: bytes.subarray(0, length), afterCr: last };
}
