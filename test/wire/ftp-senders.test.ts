import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { startFtpLab } from '../support/ftp-lab.ts';

it('counts the sessions of an IPv6 sender by its /64: whoever has one address of it has them all', async () => {
  const fleet = createLocalFleet();
  const counted: (string | undefined)[] = [];
  const lab = await startFtpLab({
    address: '::1',
    fleet: {
      ...fleet,
      enter: (who, limits) => {
        counted.push(who.address);
        return fleet.enter(who, limits);
      },
    },
  });
  const client = connect(lab.listener.port, '::1');
  await once(client, 'data');
  client.destroy();
  await lab.listener.stop(0);
  expect(counted).toEqual(['0:0:0:0::/64']);
});
