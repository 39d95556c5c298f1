import { Buffer } from 'node:buffer';
import { parseList } from 'basic-ftp/dist/parseList.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../core/ports/store.ts';
import { dosLine } from '../../services/ftp/listing/dos-line.ts';
import { allFacts, factLine } from '../../services/ftp/listing/facts.ts';
import { longLine } from '../../services/ftp/listing/long-line.ts';
import { textBlocks } from '../../services/ftp/listing/text-blocks.ts';
import { encodeReply, reply } from '../../services/ftp/reply.ts';
import { aPartner } from '../support/a-partner.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const file = (modified: string, size = 5120): Entry => ({
  kind: 'file',
  name: 'x',
  size,
  modified: new Date(modified),
});

describe('LIST', () => {
  it.each([
    ['2026-11-05T09:07:00Z', 'Nov  5 09:07'],
    ['2026-11-25T13:00:00Z', 'Nov 25 13:00'],
    ['2026-01-05T09:07:00Z', 'Jan  5  2026'],
    ['2027-11-25T09:07:00Z', 'Nov 25  2027'],
  ])('tells %s as %s', (modified, text) => {
    expect(longLine(file(modified), 'a b', now)).toBe(`-rw-r--r-- 1 ftp ftp         5120 ${text} a b`);
  });
});

describe('facts', () => {
  const entry = file('2026-11-25T09:07:05.123Z');
  it('are told in the order of the table', () => {
    const line = factLine(allFacts, aPartner(), '/in/x', entry, 'x');
    expect(line).toBe('type=file;size=5120;modify=20261125090705;perm=adfrw; x');
  });

  it('tell what the partner may do', () => {
    const partner = aPartner({ permissions: [{ folder: '/out', allow: ['list', 'read'] }] });
    expect(factLine(['perm'], partner, '/out/x', entry, 'x')).toBe('perm=r; x');
    const folder: Entry = { kind: 'folder', name: 'x', modified: new Date(now) };
    expect(factLine(['perm', 'size'], partner, '/out', folder, 'x')).toBe('perm=el; x');
    expect(factLine(['perm', 'type'], partner, '/in', folder, 'x')).toBe('perm=cdeflmp;type=dir; x');
  });
});

/** Whatever the store can hold; U+2028 and U+2029 aside, which end a line for a JavaScript program's `.`. */
const anyName = fc
  .string({
    unit: fc.oneof(fc.constantFrom(' ', '-', '"', '\t', '\\', ';', '=', '\x1b'), unit()),
    minLength: 1,
  })
  .filter((name) => !/[\0\r\n/\u2028\u2029]|^\.\.?$/.test(name) && name.isWellFormed());
function unit() {
  return fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 });
}
const anyEntry = fc
  .record({
    kind: fc.constantFrom('file' as const, 'folder' as const),
    name: anyName,
    size: fc.nat({ max: 2 ** 45 }),
    modified: fc.date({ min: new Date('1980-01-01'), max: new Date('2079-12-31'), noInvalidDate: true }),
  })
  .map((entry): Entry => entry);

describe('a client that reads', () => {
  const styles: Record<string, (entry: Entry) => string> = {
    unix: (entry) => longLine(entry, entry.name, now),
    dos: (entry) => dosLine(entry, entry.name),
    facts: (entry) => factLine(allFacts, aPartner(), `/${entry.name}`, entry, entry.name),
  };
  /** The DOS form has columns of spaces before the name, and none says where it begins. */
  const nameIn = (style: string, name: string): string => (style === 'dos' ? name.trimStart() : name);

  it.each(Object.keys(styles))('%s lists finds each name, size and kind', (style) => {
    fc.assert(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 5 }), (entries) => {
        fc.pre(entries.every(({ name }) => nameIn(style, name) !== ''));
        const found = parseList(entries.map((entry) => `${styles[style]!(entry)}\r\n`).join(''));
        expect(found.map(({ name, size, isDirectory }) => [name, size, isDirectory])).toEqual(
          entries.map((entry) => [
            nameIn(style, entry.name),
            entry.kind === 'file' ? entry.size : 0,
            entry.kind === 'folder',
          ]),
        );
      }),
    );
  });

  it.each([
    ['2026-11-25T16:36:00Z', '11-25-26  04:36PM'],
    ['2026-01-05T00:07:00Z', '01-05-26  12:07AM'],
    ['1999-12-31T12:00:00Z', '12-31-99  12:00PM'],
  ])('dos tells %s as %s', (modified, text) => {
    expect(dosLine(file(modified), 'a b')).toBe(`${text}                 5120 a b`);
    const folder: Entry = { kind: 'folder', name: 'x', modified: new Date(modified) };
    expect(dosLine(folder, 'x')).toBe(`${text}       <DIR>          x`);
  });
});

it('gives listings in large blocks, one line to a name whatever is in it', async () => {
  async function* lines() {
    yield 'a\r\nb';
    for (let index = 0; index < 100_000; index += 1) yield `name-${index}`;
  }
  const blocks: string[] = [];
  for await (const block of textBlocks(lines(), (text) => Buffer.from(text))) blocks.push(block.toString());
  expect(blocks.length).toBeLessThan(50);
  expect(blocks.join('').split('\r\n')).toHaveLength(100_002);
  expect(blocks[0]).toMatch(/^a\?\?b\r\n/);
});

it('lets no line end of a name into a reply', () => {
  expect(encodeReply(reply(550, 'no "x\r\n226 done"'))).toBe('550 no "x??226 done"\r\n');
  expect(encodeReply(reply(211, 'S', ['211 End\n', 'b']))).toBe('211-S\r\n 211 End?\r\n b\r\n211 End\r\n');
});
