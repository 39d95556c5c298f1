import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoted, quotedWords, takeQuoted } from '../../services/ftp/quoted.ts';

describe('quotes', () => {
  it('are taken off as they were put on', () =>
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', ' ', ' 1 2', 'x'), (text, rest) => {
        expect(takeQuoted(quoted(text) + rest)).toEqual({ quoted: text, rest });
      }),
    ));

  it.each(['', 'a', 'a"b"', '"', '"a', '"a""', ' "a"'])('are not all there in %j', (text) => {
    expect(takeQuoted(text)).toBeUndefined();
  });
});

describe('words', () => {
  it('are what was quoted', () =>
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(quotedWords(` ${words.map(quoted).join('  ')} `)).toEqual(words);
      }),
    ));

  it('may go without quotes', () => {
    expect(quotedWords('a /b/c "d e" f')).toEqual(['a', '/b/c', 'd e', 'f']);
    expect(quotedWords('')).toEqual([]);
  });

  it.each(['"a', 'a "b', '"a"b', 'a"b"', '"a""'])('are not in %j', (text) => {
    expect(quotedWords(text)).toBeUndefined();
  });
});
