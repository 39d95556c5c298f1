import { expect, test } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { fleetContract } from './fleet-contract.ts';

fleetContract('local', async () => createLocalFleet());

test('the wait runs out, and failures are forgotten, by time', async () => {
  let now = 0;
  const fleet = createLocalFleet({ now: () => now });
  const who = { user: 'u', address: 'a' };
  for (let count = 0; count < 5; count += 1) await fleet.loginFailed(who, true);
  expect(await fleet.loginDelayMs(who)).toBe(4_000);
  now += 3_000;
  expect(await fleet.loginDelayMs(who)).toBe(1_000);
  now += 1_000;
  expect(await fleet.loginDelayMs(who)).toBe(0);
  await fleet.loginFailed(who, true);
  expect(await fleet.loginDelayMs(who)).toBe(8_000);
  now += 15 * 60_000;
  await fleet.loginFailed(who, true);
  expect(await fleet.loginDelayMs(who)).toBe(0);
});

test('remembers a bounded number, those that failed last', async () => {
  const fleet = createLocalFleet({ now: () => 0 });
  const fail = async (address: string): Promise<void> => {
    for (let count = 0; count < 5; count += 1) await fleet.loginFailed({ user: 'u', address }, true);
  };
  await fail('first');
  for (let index = 0; index < 20_000; index += 1)
    await fleet.loginFailed({ user: 'u', address: `${index}` }, true);
  expect(await fleet.loginDelayMs({ user: 'u', address: 'first' })).toBe(0);
  await fail('last');
  expect(await fleet.loginDelayMs({ user: 'u', address: 'last' })).toBe(4_000);
});

test('a ticket key that was made by a clock which has been set back since is not young', async () => {
  let now = 1_000_000;
  const { ticketKeys } = createLocalFleet({ now: () => now });
  const first = await ticketKeys.current(60_000);
  now -= 50_000;
  expect(await ticketKeys.current(60_000)).toEqual(first);
  now -= 20_000;
  expect((await ticketKeys.current(60_000)).keys).toHaveLength(2);
});
