import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { forSetting } from '../../adapters/for-setting.ts';
import { Fault } from '../../core/fault.ts';
import { quietLog } from '../support/quiet-log.ts';

const refusal = (open: () => Promise<unknown>) =>
  forSetting('LANDFALL_STORE', quietLog, open).then(
    () => undefined,
    (thrown: Error) => [thrown.name, thrown.message],
  );

test.each<[string, () => Promise<unknown>, [string, string]]>([
  [
    'its value',
    async () => Promise.reject(new Fault('bad-argument', 'there is no parameter "x"')),
    ['ConfigError', 'The configuration is not valid:\n  LANDFALL_STORE: there is no parameter "x"'],
  ],
  [
    'what it names',
    async () => Promise.reject(new Fault('store-down', undefined, { cause: new Error('refused') })),
    ['SettingError', 'LANDFALL_STORE: the store does not answer: refused'],
  ],
  [
    'a file',
    () => readFile('/nonexistent'),
    ['SettingError', "LANDFALL_STORE: ENOENT: no such file or directory, open '/nonexistent'"],
  ],
  ['the program', async () => Promise.reject(new TypeError('x')), ['TypeError', 'x']],
])('what is wrong with %s is told as that', async (_, open, told) => {
  expect(await refusal(open)).toEqual(told);
});

test('what takes long is told of, once it does', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const warned: object[] = [];
  const log = { ...quietLog, warn: (fields: object) => warned.push(fields) };
  let opened = (): void => undefined;
  const slow = forSetting('LANDFALL_QUEUE', log, () => new Promise<void>((resolve) => (opened = resolve)));
  vi.advanceTimersByTime(4_999);
  expect(warned).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(warned).toEqual([{ setting: 'LANDFALL_QUEUE' }]);
  opened();
  await slow;
  await forSetting('LANDFALL_QUEUE', log, () => 'at once');
  vi.advanceTimersByTime(60_000);
  expect(warned).toHaveLength(1);
  vi.useRealTimers();
});
