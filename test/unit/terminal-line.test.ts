import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { terminalLine } from '../../adapters/log/terminal-line.ts';

const line = (fields: object): string =>
  stripVTControlCharacters(
    terminalLine(JSON.stringify({ time: '2026-11-25T14:03:07.120Z', level: 'info', ...fields })),
  )
    // The time is that of where the reader is.
    .replace(/^\d\d:\d\d:\d\d {2}/, '');

it('tells of a file by partner and path, with what a person wants to know', () => {
  const of = {
    partner: 'acme',
    path: '/in/po.x12',
    arrival: 'id',
    feed: 'orders',
    session: 'ab',
    protocol: 'ftp',
  };
  expect(line({ ...of, msg: 'received', bytes: 2048, ms: 12 })).toBe(
    'acme /in/po.x12  received  2 KiB  in 12 ms\n',
  );
  expect(
    line({ ...of, msg: 'delivered', target: 'erp', tookMs: 1500, place: '/srv/po.x12', reasons: [] }),
  ).toBe('acme /in/po.x12  delivered  target=erp  in 1.5 s  -> /srv/po.x12\n');
  const reasons = [{ code: 'x12.se-count', message: 'SE01 differs' }];
  expect(line({ ...of, msg: 'rejected', result: 'rejected', reasons })).toBe(
    'acme /in/po.x12  rejected  SE01 differs\n',
  );
});

it('names the level where it is not the usual one, and the fault', () => {
  expect(
    line({ level: 'warn', msg: 'the scanner is away', err: { message: 'refused', stack: 'at x' } }),
  ).toBe('warn  the scanner is away  refused\n');
});

it('lets no name command the terminal', () => {
  const said = terminalLine(
    JSON.stringify({
      time: '2026-11-25T14:03:07.120Z',
      level: 'info',
      msg: 'received',
      partner: 'acme',
      path: '/in/\u001b[2J\u009b31m\u202etxt.exe\r\n',
    }),
  );
  expect(said).toContain('/in/\\u{1b}[2J\\u{9b}31m\\u{202e}txt.exe\\u{d}\\u{a}');
  expect(said.indexOf('\n')).toBe(said.length - 1);
});
