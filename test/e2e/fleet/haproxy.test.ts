import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHaproxy } from '../../support/haproxy.ts';
import { NETWORK_NAME } from '../../support/network/open-network.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { moveTree } from './move-tree.ts';
import { showRelayed } from './relayed.ts';
import { treeClients } from './tree-clients.ts';
import { showWarningsOfFailure } from './warnings.ts';

const FILES = 5;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({
    partner: () => ({
      ftp: { resumption: 'required' },
      feeds: [{ name: 'all', path: '/**', scan: 'off' }],
    }),
    // All addresses by which the balancer reaches a listener.
    env: { LANDFALL_PROXY_PROTOCOL_FROM: '10.77.0.0/16,127.0.77.0/24', LANDFALL_FTP_PASSIVE_ADDRESS: '' },
  });
});
afterAll(() => fleet?.stop());

/** One section for all ports: a client's connections meet one choice. A server without a port gets the one dialled. */
function sections({ network, ports }: Fleet, balance: string): string {
  const { control, implicit, passive } = ports;
  const binds = [control, implicit, `${passive.first}-${passive.last}`].map(
    (port) => `  bind ${network.proxyFront}:${port}\n`,
  );
  const from = network.kind === 'loopback' ? ` source ${network.proxyFront}` : '';
  const servers = network.listeners.map(
    ({ address }, index) => `  server s${index} ${address} send-proxy-v2${from}\n`,
  );
  return `listen ftp\n${binds.join('')}  balance ${balance}\n${servers.join('')}`;
}

describe(`behind HAProxy with send-proxy-v2, ${NETWORK_NAME}`, () => {
  it.each([
    ['that sends a client to one listener', 'source', 0],
    ['that sends each connection to a random one', 'random', Infinity],
  ])('%s, all clients transfer', async (_name, balance, mostRelayed) => {
    showWarningsOfFailure(fleet);
    const { network, ports } = fleet;
    const before = await fleet.count('landfall_relays_total{outcome="relayed"}');
    const place = [ports.control, network.proxyFront, network.inside.within] as const;
    const proxy = await startHaproxy(sections(fleet, balance), ...place);
    try {
      const moves = treeClients.flatMap((client, index) =>
        (client.hasTls ? [false, true] : [false]).map((tls) => ({
          client,
          host: network.clients[index % network.clients.length]!,
          door: { ...fleet.door(tls), host: network.proxyFront },
          name: `${balance}-${index}-${tls}`,
          count: FILES,
        })),
      );
      const moved = await Promise.all(moves.map((move) => moveTree(fleet, move)));
      const relayed = (await fleet.count('landfall_relays_total{outcome="relayed"}')) - before;
      console.log(
        `balance ${balance}: ${moved.length * FILES * 2} transfers; so far ${await showRelayed(fleet)}`,
      );
      expect(relayed).toBeLessThanOrEqual(mostRelayed);
    } finally {
      await proxy.stop();
    }
  });
});
