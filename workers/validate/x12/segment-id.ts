import type { Buffer } from 'node:buffer';

export interface SegmentId {
  readonly text: string;
  /** A capital, then one or two capitals or digits. */
  readonly valid: boolean;
  /** A line break stood within it. */
  readonly folded: boolean;
}

/** Characters of what stands in an identifier's place that are kept. */
const MAX_ID_CHARACTERS = 20;

const isCapital = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
const isCapitalOrDigit = (byte: number | undefined): boolean =>
  isCapital(byte) || (byte !== undefined && byte >= 0x30 && byte <= 0x39);

/** One object for each identifier that was met, so that a file of millions of segments makes few: 26 * 36 * 37 at most. */
const known = new Map<number, SegmentId>();

/** The identifier that the segment `bytes[start..end)` begins with. */
export function segmentId(bytes: Buffer, start: number, end: number, element: number): SegmentId {
  const length =
    end - start === 2 || bytes[start + 2] === element
      ? 2
      : end - start === 3 || bytes[start + 3] === element
        ? 3
        : 0;
  if (
    length > 0 &&
    end - start >= length &&
    isCapital(bytes[start]) &&
    isCapitalOrDigit(bytes[start + 1]) &&
    (length === 2 || isCapitalOrDigit(bytes[start + 2]))
  ) {
    const code = bytes.readUIntBE(start, length);
    const before = known.get(code);
    if (before) return before;
    const id = { text: bytes.toString('latin1', start, start + length), valid: true, folded: false };
    known.set(code, id);
    return id;
  }
  return unusualId(bytes, start, end, element);
}

function unusualId(bytes: Buffer, start: number, end: number, element: number): SegmentId {
  const shown = bytes.toString('latin1', start, Math.min(end, start + 4 * MAX_ID_CHARACTERS));
  const written = shown.split(String.fromCharCode(element), 1)[0]!;
  const text = written.replace(/[\r\n]/g, '');
  return {
    text: text.slice(0, MAX_ID_CHARACTERS),
    valid: /^[A-Z][A-Z0-9]{1,2}$/.test(text),
    folded: text !== written,
  };
}
