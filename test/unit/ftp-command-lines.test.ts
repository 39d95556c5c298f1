import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addBytes,
  type CommandLine,
  hasLine,
  MAX_LINE_BYTES,
  nothingUnread,
  takeLines,
} from '../../services/ftp/command-lines.ts';

/** All lines of the bytes, given in the chunks that `cuts` makes of them. */
function linesOf(bytes: Buffer, cuts: readonly number[] = []): CommandLine[] {
  const lines: CommandLine[] = [];
  let unread = nothingUnread;
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (let index = 1; index < at.length; index += 1) {
    unread = addBytes(unread, bytes.subarray(at[index - 1], at[index]));
    const taken = takeLines(unread, Infinity);
    lines.push(...taken.lines);
    unread = taken.rest;
  }
  return lines;
}
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const texts = (bytes: Buffer): unknown[] =>
  linesOf(bytes).map((line) => (line === 'too-long' ? line : line.text));

describe('command lines', () => {
  it('end with CRLF or LF', () => {
    expect(texts(latin1('USER a\r\nPASS b\nQUI'))).toEqual(['USER a', 'PASS b']);
  });

  it('keep a CR that is not before the LF', () => {
    expect(texts(latin1('STOR a\rb\r\n'))).toEqual(['STOR a\rb']);
  });

  it('are UTF-8, or else Latin-1', () => {
    expect(texts(Buffer.from('CWD grün\r\n'))).toEqual(['CWD grün']);
    expect(texts(latin1('CWD gr\xfcn\r\n'))).toEqual(['CWD grün']);
  });

  it('have a longest one, whose rest is dropped', () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 2);
    expect(texts(latin1(`${long}\r\nNOOP\r\n`))).toEqual(['too-long', 'NOOP']);
    let unread = nothingUnread;
    for (let round = 0; round < 100; round += 1) {
      unread = takeLines(addBytes(unread, latin1(long)), Infinity).rest;
      expect(unread.text.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
    }
    expect(takeLines(addBytes(unread, latin1('\nNOOP\r\n')), Infinity).lines).toEqual([{ text: 'NOOP' }]);
  });

  it('are taken as many at a time as there is room for', () => {
    const { lines, rest } = takeLines(addBytes(nothingUnread, latin1('a\r\nb\r\nc\r\n')), 2);
    expect(lines).toEqual([{ text: 'a' }, { text: 'b' }]);
    expect(hasLine(rest)).toBe(true);
    expect(takeLines(rest, 2).lines).toEqual([{ text: 'c' }]);
  });

  it.each([
    ['IP and DM in the stream', '\xff\xf4\xff\xf2ABOR\r\n'],
    ['DM without its IAC, which was urgent', '\xff\xf4\xf2ABOR\r\n'],
    ['IAC without its DM, which was urgent', '\xff\xf4\xffABOR\r\n'],
    ['options', '\xff\xfb\x01AB\xff\xfe\x22OR\r\n'],
    ['a subnegotiation with line ends', 'A\xff\xfa\x01\r\nX\xff\xff\xff\xf0BOR\r\n'],
    ['without LF, which was urgent', 'ABOR\r'],
    ['in small letters, too', '\xff\xf4\xf2abor\r'],
  ])('have Telnet commands taken out: %s', (_name, bytes) => {
    expect(texts(latin1(bytes)).map((text) => String(text).toUpperCase())).toEqual(['ABOR']);
  });

  it('may hold the byte 255, doubled', () => {
    expect(texts(latin1('STOR \xff\xff\r\n'))).toEqual(['STOR ÿ']);
  });

  it('cannot be smuggled through Telnet options', () => {
    // The option byte is a line feed: it ends nothing.
    expect(texts(latin1('STOR a\xff\xfb\nDELE b\r\n'))).toEqual(['STOR aDELE b']);
  });

  it('are the same however the bytes are cut', () => {
    const part = fc.constantFrom(
      'ABOR\r',
      'abor',
      '\r',
      '\n',
      '\r\n',
      '\xff',
      '\xff\xf4',
      '\xf2',
      '\xff\xfb',
      '\xff\xfa',
      '\xff\xf0',
      'x',
      'USER ü',
    );
    const any = fc.oneof(fc.array(part), fc.array(fc.string({ unit: 'binary', maxLength: 3 })));
    fc.assert(
      fc.property(any, fc.array(fc.nat()), (parts, cuts) => {
        const bytes = latin1(`${parts.join('')}\nEND\r\n`);
        const everyByte = Array.from(bytes, (_byte, index) => index);
        expect(linesOf(bytes, cuts)).toEqual(linesOf(bytes));
        expect(linesOf(bytes, everyByte)).toEqual(linesOf(bytes));
      }),
    );
  });
});
