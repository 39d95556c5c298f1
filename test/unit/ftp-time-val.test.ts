import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseTimeVal, timeVal } from '../../services/ftp/time-val.ts';

it('is read as it is written', () =>
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('2399-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => {
        expect(parseTimeVal(timeVal(date))?.getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
      },
    ),
  ));

it.each([
  ['20240229000000', '2024-02-29T00:00:00.000Z'],
  ['20261125163600.5', '2026-11-25T16:36:00.500Z'],
  ['20261125163600.123456', '2026-11-25T16:36:00.123Z'],
  ['20161231235960', '2017-01-01T00:00:00.000Z'],
  ['19700101000000', '1970-01-01T00:00:00.000Z'],
])('takes %s', (text, iso) => {
  expect(parseTimeVal(text)?.toISOString()).toBe(iso);
});

it.each([
  '',
  'tomorrow',
  '2026112516360',
  '202611251636000',
  '20260229000000',
  '20261301000000',
  '20261100000000',
  '20261125240000',
  '20261125166000',
  '20261125163661',
  '20261125163600.',
  '19691231235959',
  '24000101000000',
  '00000000000000',
  ' 20261125163600',
  '20261125163600\n',
])('refuses %j', (text) => {
  expect(parseTimeVal(text)).toBeUndefined();
});
