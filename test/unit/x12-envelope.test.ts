import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkX12, ediSample } from '../support/x12-checked.ts';

const orders = ediSample('orders.x12');
const changed = (from: string | RegExp, to: string): string => {
  const text = orders.replace(from, to);
  if (text === orders) throw new Error(`nothing to change: ${from}`);
  return text;
};

describe('an X12 file without errors', () => {
  it('is counted', () => {
    const { errors, warnings, envelope } = checkX12(orders);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    expect(envelope.counts).toEqual({ groups: 1, sets: 2, segments: 15 });
    expect(envelope.interchanges[0]!.isa[13]).toBe('000000071');
  });

  it.each([
    ['CR LF after each terminator', orders.replaceAll('\n', '\r\n'), []],
    ['no line breaks', orders.replaceAll('\n', ''), []],
    ['LF as the terminator', orders.replaceAll('~', ''), []],
    ['CR LF as terminator and suffix', orders.replaceAll('~\n', '\r\n'), []],
    ['other separators', orders.replaceAll('*', '|').replaceAll('~', '\x1c'), []],
    ['a byte-order mark', `\xef\xbb\xbf${orders}`, ['isa-leading-bytes']],
    ['what old systems fill up with', `${orders}\x1a\0\0\0`, []],
    ['no terminator at its end', orders.trimEnd().slice(0, -1), ['not-terminated']],
    ['other zeros in a trailer', changed('IEA*1*000000071', 'IEA*1*71'), ['trailer-zeros']],
    ['blanks before a segment', changed('\nCTT', '\n  CTT'), ['folded-line']],
    ['two interchanges', orders + orders.replaceAll('000000071', '000000072').replaceAll('*', '+'), []],
    ['binary data with terminators', changed('CTT*1~\nSE*6', 'BIN*6*~~SE*~~\nSE*6'), []],
    ['a TA1', changed('\nGS*', '\nTA1*000000001*261125*1000*A*000~\nGS*'), []],
  ])('may have %s', (_name, text, expected) => {
    const { errors, warnings } = checkX12(text);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: expected });
  });
});

describe('an X12 file with errors', () => {
  it.each([
    ['', ['isa-missing']],
    ['hello', ['isa-missing']],
    ['ISA*00*', ['isa-cut']],
    [changed('*NORTHSHORE     *', '*NORTHSHORE*'), ['isa-widths']],
    [changed('*P*>~', '*P**~'), ['separators-clash']],
    [changed('*P*>~\n', '*P*>'), ['isa-terminator']],
    [changed('000000071*1*P', '00000007A*1*P'), ['isa13', 'iea-number']],
    [changed('261125*1000*U', '261325*2500*U'), ['isa09', 'isa10']],
    [changed('*U*00401*', '*U*99999*'), ['isa12']],
    [changed('*1*P*', '*7*X*'), ['isa14', 'isa15']],
    [changed('IEA*1*', 'IEA*2*'), ['iea-count']],
    [changed('IEA*1*000000071', 'IEA*1*000000070'), ['iea-number']],
    [changed('IEA*1*000000071~\n', ''), ['iea-missing']],
    [changed('IEA*1*000000071~\n', 'IEA*1*00'), ['iea-number']],
    [`${orders}N1*BY~\n`, ['after-interchange']],
    [changed('GE*2*12', 'GE*3*12'), ['ge-count']],
    [changed('GE*2*12', 'GE*2*13'), ['ge-number']],
    [changed('GE*2*12~\n', ''), ['ge-missing']],
    [changed('*12*X*', '*A*X*'), ['gs06', 'ge-number']],
    [changed('*12*X*004010', '*12*X*'), ['gs-form']],
    [changed('GS*PO*', 'GS*?*'), ['gs01']],
    [changed('SE*6*0001', 'SE*5*0001'), ['se-count']],
    [changed('SE*6*0001', 'SE*6*0009'), ['se-number']],
    [changed('SE*6*0001~\n', ''), ['se-missing']],
    [changed('ST*850*0001', 'ST*850*1'), ['st02']],
    [changed('ST*850*0001', 'ST**0001'), ['st01']],
    [orders.replaceAll('0002~', '0001~'), ['st02-repeated']],
    [changed('CTT*1~', 'ctt*1~'), ['segment-id']],
    [changed('CTT*1~', '~'), ['segment-id']],
    [changed('GE*2*12~', 'GE*2*12~\nN1*BY~'), ['segment-outside-set']],
    [changed('\nGS*', '\nSE*1*1~\nGS*'), ['trailer-without-header']],
    [changed('CTT*1~', 'TA1*1~'), ['unexpected-segment']],
    [changed('CTT*1~\nSE*6', 'BIN*3*12345~\nSE*6'), ['binary-length']],
    [orders + orders, ['interchange-repeated']],
  ] as const)('is told all of them: case %#', (text, expected) => {
    expect(checkX12(text).errors).toEqual(expected);
  });

  it('is told where, what was found and what was expected', () => {
    const { findings } = checkX12(changed('SE*6*0001', 'SE*5*0001'));
    expect(findings.kept).toEqual([
      {
        code: 'x12.se-count',
        severity: 'error',
        message: 'SE01 differs from the number of segments',
        where: `interchange 000000071, group 12, set 0001, segment 8 (SE), element 1, byte ${orders.indexOf('SE*6')}`,
        expected: '6',
        found: '5',
        advice: 'SE01 counts the segments from ST to SE, both included.',
      },
    ]);
  });

  it('does not look for what is missing where the scan had to stop', () => {
    expect(checkX12(orders.slice(0, 300), 'x'.repeat(100_000)).errors).toEqual(['segment-too-long']);
  });
});

describe('any X12 file', () => {
  it('keeps little of segments that are as long as may be', () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const isa = orders.slice(0, orders.indexOf('GS*'));
    const long = 'A'.repeat(60_000);
    const group = `GS${'*'.repeat(60_000)}~GS*PO*${long}*B*C*D*1*X*004010~ST*850*${long}~N1*${long}~`;
    collect();
    const before = process.memoryUsage().heapUsed;
    const { envelope, findings } = checkX12(isa, ...Array.from({ length: 400 }, () => group));
    collect();
    const keptBytes = process.memoryUsage().heapUsed - before;
    expect([envelope.counts.groups, findings.errors > 400]).toEqual([800, true]);
    expect(keptBytes).toBeLessThan(8 * 1024 * 1024);
  });

  it('has the same findings in whatever chunks it comes', () => {
    const texts = [
      orders,
      ediSample('one-bad-set.x12'),
      changed('*NORTHSHORE     *', '*NORTHSHORE*'),
      changed('CTT*1~\nSE*6', 'BIN*6*~~SE*~~\nSE*6'),
      changed('\nCTT', '\n \r\n CTT'),
      `\xef\xbb\xbf${orders}\x1a\0`,
    ];
    for (const text of texts) {
      const whole = checkX12(text).findings.kept;
      const bytes = Buffer.from(text, 'latin1');
      expect(checkX12(...Array.from(bytes, (byte) => Buffer.of(byte))).findings.kept).toEqual(whole);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
          const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
          expect(checkX12(...chunks).findings.kept).toEqual(whole);
        }),
        { numRuns: 50 },
      );
    }
  });

  it('is in error when it is cut anywhere before its last terminator', () => {
    const whole = orders.trimEnd().length - 1;
    for (let length = 0; length < whole; length += 1) {
      expect(checkX12(orders.slice(0, length)).errors, `cut to ${length}`).not.toEqual([]);
    }
  });

  it('never makes the check throw, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(orders.length), (noise, at) => {
        const mixed = Buffer.concat([Buffer.from(orders.slice(0, at)), noise, Buffer.from(orders.slice(at))]);
        for (const { found = '', where = '' } of checkX12(mixed).findings.kept) {
          expect(found + where).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
    );
    expect(checkX12(randomBytes(1_000_000)).errors).toHaveLength(1);
  });

  it('has a bounded number of findings, and is not read further after ten thousand errors', () => {
    const some = checkX12(changed('CTT*1~', '~'.repeat(5000))).findings;
    expect(some.errors).toBe(5001);
    expect(some.kept).toHaveLength(1000);
    expect(checkX12(changed('CTT*1~', '~'.repeat(100_000))).findings.errors).toBe(10_001);
  });

  it('keeps no more than one segment of a file without terminators', () => {
    const { findings } = checkX12(orders.slice(0, 106), ...Array<string>(64).fill('A'.repeat(1 << 20)));
    expect(findings.kept.map(({ code }) => code)).toEqual(['x12.segment-too-long']);
  });
});
