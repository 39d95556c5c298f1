import type { Buffer } from 'node:buffer';

/**
 * BIN and BDS carry any bytes, terminators too: an element before the data says how many. BIN01 is the length and
 * BIN02 the data; BDS02 is the length and BDS03 the data.
 */
const LENGTH_ELEMENT: Readonly<Record<string, number>> = { BIN: 1, BDS: 2 };
/** Bytes from the identifier to the data, at most: BDS01 has 3 characters, the length at most 15. */
const MAX_PREFIX_BYTES = 32;

/** For a binary segment that begins at `start`: where its data begins and ends in `bytes`, or beyond them. */
export function binaryData(
  bytes: Buffer,
  start: number,
  element: number,
): { from: number; to: number } | undefined {
  const prefix = bytes.toString('latin1', start, Math.min(bytes.length, start + MAX_PREFIX_BYTES));
  const elements = prefix.split(String.fromCharCode(element));
  const at = LENGTH_ELEMENT[elements[0]!];
  if (at === undefined || elements.length < at + 2 || !/^\d{1,15}$/.test(elements[at]!)) return undefined;
  const from = start + elements.slice(0, at + 1).reduce((sum, text) => sum + text.length + 1, 0);
  return { from, to: from + Number(elements[at]) };
}
