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
  expect(line({ ...of, msg: 'rejected', result: 'rejected', reasons, tookMs: 3 })).toBe(
    'acme /in/po.x12  rejected  in 3 ms  SE01 differs\n',
  );
  expect(line({ ...of, msg: 'held', attempt: 2, retryInMs: 4095 })).toBe(
    'acme /in/po.x12  held  attempt=2  again in 4.1 s\n',
  );
});

it('tells of several things that are wrong in a line each', () => {
  const reasons = [{ message: 'SE01 differs' }, { message: 'SE02\ndiffers' }];
  expect(line({ partner: 'acme', path: '/in/po.x12', msg: 'rejected', reasons, moreReasons: 95 })).toBe(
    [
      'acme /in/po.x12  rejected',
      '          SE01 differs',
      '          SE02\\u{a}differs',
      '          and 95 more',
      '',
    ].join('\n'),
  );
  expect(line({ level: 'error', msg: 'not valid', faults: ['a.yaml:1:1: x', 'b.yaml:2:2: y'] })).toBe(
    'error  not valid\n          a.yaml:1:1: x\n          b.yaml:2:2: y\n',
  );
  expect(line({ level: 'error', msg: 'not valid', faults: ['a.yaml:1:1: x'] })).toBe(
    'error  not valid  a.yaml:1:1: x\n',
  );
});

it('tells times as people do', () => {
  expect(line({ msg: 'stopping', signal: 'SIGINT', withinMs: 30_000 })).toBe(
    'stopping  signal=SIGINT  within 30 s\n',
  );
});

it('tells from where a session came where it tells of no file', () => {
  const of = { session: 'ab', address: '192.0.2.7' };
  expect(line({ ...of, partner: 'acme', msg: 'logged in' })).toBe('acme  logged in  from 192.0.2.7\n');
  expect(line({ ...of, partner: 'acme', path: '/in/po.x12', msg: 'received' })).toBe(
    'acme /in/po.x12  received\n',
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
