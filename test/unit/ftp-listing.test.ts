import { describe, expect, it } from 'vitest';
import type { Entry } from '../../core/ports/store.ts';
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

it('gives listings in large blocks, one line to a name whatever is in it', async () => {
  async function* lines() {
    yield 'a\r\nb';
    for (let index = 0; index < 100_000; index += 1) yield `name-${index}`;
  }
  const blocks: string[] = [];
  for await (const block of textBlocks(lines())) blocks.push(block.toString());
  expect(blocks.length).toBeLessThan(50);
  expect(blocks.join('').split('\r\n')).toHaveLength(100_002);
  expect(blocks[0]).toMatch(/^a\?\?b\r\n/);
});

it('lets no line end of a name into a reply', () => {
  expect(encodeReply(reply(550, 'no "x\r\n226 done"'))).toBe('550 no "x??226 done"\r\n');
  expect(encodeReply(reply(211, 'S', ['211 End\n', 'b']))).toBe('211-S\r\n 211 End?\r\n b\r\n211 End\r\n');
});
