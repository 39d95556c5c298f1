import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { EDGE_BYTES, requireWhole } from '../../core/evidence.ts';
import { type Feed, unclaimedFeed } from '../../core/feed.ts';

const alive = { controlAlive: true };
const feedOf = (
  format: Feed['accept']['format'],
  complete: Feed['accept']['complete'] = ['trailer'],
): Feed => ({
  ...unclaimedFeed,
  accept: { ...unclaimedFeed.accept, format, complete },
});
const check = (format: Feed['accept']['format'], text: string) => {
  const bytes = Buffer.from(text, 'latin1');
  const content = {
    size: bytes.length,
    head: bytes.subarray(0, EDGE_BYTES),
    tail: bytes.subarray(-EDGE_BYTES),
  };
  requireWhole(feedOf(format), content, alive);
};

const isa = (element = '*', segment = '~') =>
  `${[
    'ISA',
    '00',
    ' '.repeat(10),
    '00',
    ' '.repeat(10),
    'ZZ',
    'A'.repeat(15),
    'ZZ',
    'B'.repeat(15),
    '261125',
    '1200',
  ]
    .concat(['U', '00401', '000000001', '0', 'P'])
    .join(element)}${element}>${segment}`;

describe('the end of the content', () => {
  test('the envelope is 106 characters', () => expect(isa()).toHaveLength(106));
  test.each<[Feed['accept']['format'], string]>([
    ['x12', `${isa()}GS*PO~IEA*1*000000001~`],
    ['x12', `${isa()}GS*PO~\r\nIEA*1*000000001~\r\n`],
    ['x12', `${isa()}GS*PO~IEA*1*000000001`],
    ['x12', `${isa('|', '\n')}GS|PO\nIEA|1|000000001\n`],
    ['x12', `${isa('|', '\n')}GS|PO\nIEA|1|000000001`],
    ['x12', `\r\n${isa('*', "'")}IEA*1*1'\x1a`],
    ['json', ' {"a":1}\n'],
    ['json', '[1,2]'],
    ['json', '12'],
    ['xml', '<a></a>\n\n'],
    ['zip', `PK\x03\x04...PK\x05\x06${'\0'.repeat(18)}`],
    ['pdf', '%PDF-1.7 ... %%EOF\r\n'],
    ['any', 'whatever'],
    ['text', ''],
  ])('%s: %j is whole', (format, text) => expect(() => check(format, text)).not.toThrow());

  test.each<[Feed['accept']['format'], string]>([
    ['x12', `${isa()}GS*PO~`],
    ['x12', isa()],
    ['x12', `${isa()}GS*PO~IE`],
    ['x12', `${isa()}IEA*1*1~ST*850`],
    ['x12', ''],
    ['json', '{"a":1'],
    ['json', '[1,2}'],
    ['xml', '<a></a'],
    ['zip', 'PK\x03\x04...'],
    ['pdf', '%PDF-1.7'],
  ])('%s: %j is not', (format, text) =>
    expect(() => check(format, text)).toThrow(expect.objectContaining({ code: 'incomplete' })),
  );
});

test('without the first bytes, the last ones must do', () => {
  const tail = (text: string) => ({ size: 5000, head: undefined, tail: Buffer.from(text) });
  expect(() => requireWhole(feedOf('x12'), tail('SE*2*1~GE*1*1~IEA*1*000000001~\r\n'), alive)).not.toThrow();
  expect(() => requireWhole(feedOf('x12'), tail('SE*2*1~GE*1*1~'), alive)).toThrow('IEA');
  expect(() => requireWhole(feedOf('json'), tail(',"b":1}\n'), alive)).not.toThrow();
  expect(() => requireWhole(feedOf('json'), tail(',"b":1'), alive)).toThrow('does not end');
});

describe('what the listener saw', () => {
  const content = { size: 5, head: Buffer.from('hello'), tail: Buffer.from('hello') };

  test('an announced size that is not met is never whole, whatever the feed wants', () => {
    const feed = feedOf('any', []);
    expect(() => requireWhole(feed, content, { ...alive, announcedSize: 5 })).not.toThrow();
    for (const announcedSize of [0, 4, 6]) {
      expect(() => requireWhole(feed, content, { ...alive, announcedSize })).toThrow(
        `5 of the ${announcedSize} bytes announced`,
      );
    }
  });

  test('a feed may want the size announced, or the control connection alive', () => {
    expect(() => requireWhole(feedOf('any', ['announced-size']), content, alive)).toThrow('ALLO');
    expect(() => requireWhole(feedOf('any', ['control-alive']), content, { controlAlive: false })).toThrow(
      'control connection',
    );
    expect(() => requireWhole(feedOf('any', []), content, { controlAlive: false })).not.toThrow();
  });
});
