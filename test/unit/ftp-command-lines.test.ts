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
  linesOf(bytes).map((line) => (line === 'too-long' ? line : line.bytes.toString('latin1')));

describe('command lines', () => {
  it('end with CRLF or LF', () => {
    expect(texts(latin1('USER a\r\nPASS b\nQUI'))).toEqual(['USER a', 'PASS b']);
  });

  it('keep a CR that is not before the LF', () => {
    expect(texts(latin1('STOR a\rb\r\n'))).toEqual(['STOR a\rb']);
  });

  it('keep their bytes, of whatever charset', () => {
    expect(linesOf(Buffer.from('CWD grün\r\n'))).toEqual([{ bytes: Buffer.from('CWD grün') }]);
    expect(linesOf(latin1('CWD gr\xfcn\r\n'))).toEqual([{ bytes: latin1('CWD gr\xfcn') }]);
  });

  it('have a longest one, whose rest is dropped', () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 2);
    expect(texts(latin1(`${long}\r\nNOOP\r\n`))).toEqual(['too-long', 'NOOP']);
    let unread = nothingUnread;
    for (let round = 0; round < 100; round += 1) {
      unread = takeLines(addBytes(unread, latin1(long)), Infinity).rest;
      expect(unread.text.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
    }
    expect(takeLines(addBytes(unread, latin1('\nNOOP\r\n')), Infinity).lines).toEqual([
      { bytes: latin1('NOOP') },
    ]);
  });

  it('are taken as many at a time as there is room for', () => {
    const { lines, rest } = takeLines(addBytes(nothingUnread, latin1('a\r\nb\r\nc\r\n')), 2);
    expect(lines).toEqual([{ bytes: latin1('a') }, { bytes: latin1('b') }]);
    expect(hasLine(rest)).toBe(true);
    expect(takeLines(rest, 2).lines).toEqual([{ bytes: latin1('c') }]);
    const [beginning, tooLong] = [MAX_LINE_BYTES, MAX_LINE_BYTES + 1].map((length) =>
      hasLine(takeLines(addBytes(nothingUnread, latin1('x'.repeat(length))), 0).rest),
    );
    expect([beginning, tooLong]).toEqual([false, true]);
  });

  it.each([
    ['IP and DM in the stream', '\xff\xf4\xff\xf2ABOR\r\n'],
    ['DM without its IAC, which was urgent', '\xff\xf4\xf2ABOR\r\n'],
    ['IAC without its DM, which was urgent', '\xff\xf4\xffABOR\r\n'],
    ['options', '\xff\xfb\x01\xff\xfe\x22ABOR\r\n'],
    ['a subnegotiation with line ends', '\xff\xfa\x01\r\nX\xff\xff\xff\xf0ABOR\r\n'],
    ['without LF, which was urgent', 'ABOR\r'],
    ['in small letters, too', '\xff\xf4\xf2abor\r'],
  ])('have Telnet commands taken out: %s', (_name, bytes) => {
    expect(texts(latin1(bytes)).map((text) => String(text).toUpperCase())).toEqual(['ABOR']);
  });

  it('that are empty are passed over', () => {
    expect(texts(latin1('\r\n\n\r\r\nPWD\r\n\n \r\n'))).toEqual(['PWD', ' ']);
    const { lines, rest } = takeLines(addBytes(nothingUnread, Buffer.alloc(100_000, '\n')), 1);
    expect([lines, rest.text.length]).toEqual([[], 0]);
  });

  it('may end with more than one CR', () => {
    expect(texts(latin1('PWD\r\r\nabor\r\r\nSTAT\r\r\r\nSTAT\r\nSTAT a\r\r\nQUIT\r'))).toEqual([
      'PWD',
      'abor',
      'STAT',
      'STAT',
      'STAT a',
      'QUIT',
    ]);
  });

  it('may hold the byte 255, doubled, or as it is, whatever follows it', () => {
    expect(texts(latin1('STOR \xff\xff\r\n'))).toEqual(['STOR ÿ']);
    expect(texts(latin1('STOR \xffa\xff\r\n'))).toEqual(['STOR ÿaÿ']);
    for (const command of ['\xf0', '\xf2', '\xf4', '\xfa', '\xfb']) {
      expect(texts(latin1(`STOR \xff${command}x\r\n`))).toEqual([`STOR \xff${command}x`]);
    }
  });

  it('may end without the LF, which was urgent, before a further Telnet command', () => {
    const abort = '\xff\xf4\xff\xf2ABOR\r';
    expect(texts(latin1(`${abort}${abort}\n`))).toEqual(['ABOR', 'ABOR']);
  });

  it('come out one to a line, in order, whatever Telnet puts between', () => {
    const line = fc.stringMatching(/^[A-Z]{3,4} [a-z\x80-\xee]{0,8}$/);
    const noise = fc.constantFrom('', '\xff\xf1', '\xff\xfb\x01', '\xff\xfa\r\n\xff\xf0');
    const ending = fc.constantFrom('\r\n', '\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, line, ending)), fc.array(fc.nat()), (parts, cuts) => {
        const bytes = latin1(parts.map((part) => part.join('')).join(''));
        const lines = linesOf(bytes, cuts).map((one) => one !== 'too-long' && one.bytes.toString('latin1'));
        expect(lines).toEqual(parts.map(([, text]) => text));
      }),
    );
  });

  it('cannot be smuggled through Telnet options', () => {
    // The option byte is a line feed: it ends nothing.
    expect(texts(latin1('\xff\xfb\nDELE b\r\n'))).toEqual(['DELE b']);
  });

  it('are the same however the bytes are cut', () => {
    const part = fc.constantFrom(
      'ABOR\r',
      'STAT\r',
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
