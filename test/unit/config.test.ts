import { expect, test } from 'vitest';
import { ConfigError, describeSettings, readConfig, settings } from '../../core/config.ts';

const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.faults;
    throw thrown;
  }
  return [];
};

test('every default is valid, and those that name another setting follow it', () => {
  expect(readConfig({})).toMatchObject({ LANDFALL_STORE: 'file:./data/store', LANDFALL_FTP_PORT: 2121 });
  expect(readConfig({ LANDFALL_DATA: '/srv' })).toMatchObject({
    LANDFALL_QUEUE: 'sqlite:/srv/queue.db',
    LANDFALL_PARTNERS: '/srv/partners',
  });
});

test('all faults at once, settings that do not exist among them; other variables are not ours', () => {
  expect(
    faultsOf({ LANDFALL_FTP_PROT: '1', LANDFALL_FTP_PORT: 'x', LANDFALL_MEMORY: '1 lot', PATH: '' }),
  ).toEqual([
    'LANDFALL_FTP_PROT: there is no such setting',
    'LANDFALL_FTP_PORT: must be a whole number (it is "x")',
    expect.stringMatching(/^LANDFALL_MEMORY: .*is not a size/),
  ]);
});

test('what 0 means for a port is said where one is wrong', () => {
  for (const name of ['LANDFALL_FTPS_PORT', 'LANDFALL_RELAY_PORT', 'LANDFALL_HEALTH_PORT']) {
    expect(faultsOf({ [name]: '65536' })).toEqual([
      `${name}: must be a port, 0 to 65535 (0: none) (it is "65536")`,
    ]);
  }
  expect(faultsOf({ LANDFALL_FTP_PORT: '65536' })).toEqual([
    'LANDFALL_FTP_PORT: must be a port, 0 to 65535 (0: any free one) (it is "65536")',
  ]);
});

test.each([
  ['LANDFALL_FTP_PORT', '65536'],
  ['LANDFALL_BLOCK_SIZE', '0'],
  ['LANDFALL_MEMORY', '1 B'],
  ['LANDFALL_FTP_PORT', ''],
  ['LANDFALL_FTP_PASSIVE_PORTS', '30099-30000'],
  ['LANDFALL_FTP_PASSIVE_PORTS', '0-5'],
  ['LANDFALL_STORE', 'nfs:/x'],
  ['LANDFALL_STORE', 'file'],
  ['LANDFALL_STORE', '$LANDFALL_STORE'],
  ['LANDFALL_DATA', '$LANDFALL_PARTNERS'],
  ['LANDFALL_DATA', '$LANDFALL_NOTHING'],
  ['LANDFALL_DATA', ''],
  ['LANDFALL_STOP_TIMEOUT', '30'],
  ['LANDFALL_FTP_IDLE_TIMEOUT', '25 d'],
  ['LANDFALL_FTP_IDLE_TIMEOUT', '0 s'],
  ['LANDFALL_LOG', 'loud'],
])('%s=%s is refused by name', (name, value) => {
  expect(faultsOf({ [name]: value }).join()).toContain(`${name}: `);
});

test('the help has every setting', () => {
  for (const name of Object.keys(settings)) expect(describeSettings()).toContain(`  ${name}=`);
});
