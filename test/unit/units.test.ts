import { describe, expect, test } from 'vitest';
import { bytes, duration, showBytes, showDuration } from '../../core/units.ts';

describe('sizes and durations', () => {
  test.each([
    ['4096', 4096],
    [4096, 4096],
    ['64 KiB', 65_536],
    ['1.5kB', 1500],
    ['5 TiB', 5 * 2 ** 40],
  ])('%s is %d bytes', (text, value) => expect(bytes.parse(text)).toBe(value));

  test.each([
    ['250 ms', 250],
    ['1.5 s', 1500],
    ['5 min', 300_000],
    ['7 d', 604_800_000],
  ])('%s is %d ms', (text, value) => expect(duration.parse(text)).toBe(value));

  test.each(['', 'KiB', '-1', '1 kb', '1e3', '1 constructor', '9'.repeat(30), Number.NaN])(
    '%s is no size',
    (text) => expect(bytes.safeParse(text).success).toBe(false),
  );

  test('a duration needs its unit, and anything wrong is named', () => {
    expect(duration.safeParse('30').error?.issues[0]?.message).toMatch(/^must be a duration such as/);
    expect(duration.safeParse('30 s or so').success).toBe(false);
    expect(duration.safeParse('1 toString').success).toBe(false);
  });
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [2 ** 40 * 5, '5 TiB'],
  [2 ** 60, '1048576 TiB'],
])('%d bytes read %s', (count, text) => expect(showBytes(count)).toBe(text));

test.each([
  [0, '0 ms'],
  [850.4, '850 ms'],
  [2400, '2.4 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
])('%d ms read %s', (ms, text) => expect(showDuration(ms)).toBe(text));

test('nothing reads as more of a unit than makes the next one', () => {
  expect(showBytes(2 ** 20 - 1)).toBe('1 MiB');
  expect(showDuration(999.7)).toBe('1 s');
  expect(showDuration(59_990)).toBe('1 min');
});
