import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldLine, toNetworkLines, toStoredLines } from '../../services/ftp/ascii.ts';

const chunks = fc.array(
  fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'bc'), { maxLength: 8 }).map((parts) => parts.join('')),
);

function stored(texts: readonly string[]): string {
  let held = false;
  const out: Buffer[] = [];
  for (const text of texts) {
    const result = toStoredLines(Buffer.from(text), held);
    out.push(...result.parts.map((part) => Buffer.from(part)));
    held = result.held;
  }
  return Buffer.concat([...out, ...heldLine(held)]).toString();
}

function sent(texts: readonly string[]): string {
  let afterCr = false;
  const out: Buffer[] = [];
  for (const text of texts) {
    const result = toNetworkLines(Buffer.from(text), afterCr);
    out.push(result.bytes);
    afterCr = result.afterCr;
  }
  return Buffer.concat(out).toString();
}

describe('TYPE A', () => {
  it('stores CRLF as LF, however the bytes are cut', () => {
    fc.assert(
      fc.property(chunks, (texts) => {
        expect(stored(texts)).toBe(texts.join('').replaceAll('\r\n', '\n'));
      }),
    );
  });

  it('sends LF as CRLF, and CRLF as it is, however the bytes are cut', () => {
    fc.assert(
      fc.property(chunks, (texts) => {
        expect(sent(texts)).toBe(texts.join('').replace(/(?<!\r)\n/g, '\r\n'));
      }),
    );
  });

  it('gives back a text as it was sent', () => {
    const line = fc.array(fc.constantFrom('a', 'ü', ' ', '\t')).map((parts) => `${parts.join('')}\r\n`);
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(sent([stored(lines)])).toBe(lines.join(''));
      }),
    );
  });
});
