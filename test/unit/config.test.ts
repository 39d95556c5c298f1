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
    'LANDFALL_FTP_PROT: there is no such setting; is LANDFALL_FTP_PORT meant?',
    'LANDFALL_FTP_PORT: must be a whole number (it is "x")',
    'LANDFALL_MEMORY: must be a size such as 4096, 64 KiB or 10 GB (it is "1 lot")',
  ]);
});

test.each([
  ['LANDFALL_NOTHING_LIKE_IT', '1', 'there is no such setting'],
  ['LANDFALL_LOG', 'loud', 'must be auto, pretty or json (it is "loud")'],
  ['LANDFALL_QUEUE', 'sqlite:', 'must name a place behind the : (it is "sqlite:")'],
  ['LANDFALL_FLEET', 'local', 'must start with redis: or rediss:, or be local: (it is "local")'],
  [
    'LANDFALL_SCANNER',
    'clamd:3310',
    'must be clamd:own, clamd:HOST:PORT or clamd:/path/of/socket (it is "clamd:3310")',
  ],
])('%s=%s is answered with what is right', (name, value, answer) => {
  expect(faultsOf({ [name]: value })).toEqual([`${name}: ${answer}`]);
});

test.each(['clamd:own', 'clamd:/run/clamd.sock', 'clamd:clamav:3310', 'clamd:[::1]:3310'])(
  'a scanner is %s',
  (value) => expect(faultsOf({ LANDFALL_SCANNER: value })).toEqual([]),
);

test('no other port is among the passive ones', () => {
  const passive = { LANDFALL_FTP_PASSIVE_PORTS: '2000-2010' };
  expect(faultsOf({ ...passive, LANDFALL_FTP_PORT: '2000', LANDFALL_HEALTH_PORT: '2010' })).toEqual([
    'LANDFALL_FTP_PORT: 2000 is one of LANDFALL_FTP_PASSIVE_PORTS',
    'LANDFALL_HEALTH_PORT: 2010 is one of LANDFALL_FTP_PASSIVE_PORTS',
  ]);
  expect(faultsOf({ ...passive, LANDFALL_FTP_PORT: '2011', LANDFALL_RELAY_PORT: '1999' })).toEqual([]);
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
