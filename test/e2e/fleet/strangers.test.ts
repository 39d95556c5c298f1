import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../support/network/network.ts';
import { NETWORK_NAME } from '../../support/network/open-network.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { moveTree } from './move-tree.ts';
import { treeClients } from './tree-clients.ts';
import { showWarningsOfFailure } from './warnings.ts';

const STRANGER = join(import.meta.dirname, 'programs/stranger.py');
const SECONDS = 8;
const FILES = 10;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({
    partner: () => ({ feeds: [{ name: 'all', path: '/**', scan: 'off' }] }),
  });
});
afterAll(() => fleet?.stop());

const stranger = (from: Host, to: string, ports: { first: number; last: number }, how: 'ports' | 'relay') =>
  fleet.run(from, {
    command: 'python3',
    args: [STRANGER, to, String(ports.first), String(ports.last), String(SECONDS), how, from.privateAddress],
  }).done;

describe(`strangers get nothing and are in nobody's way, ${NETWORK_NAME}`, () => {
  it.each(['ports', 'relay'] as const)('who flood the passive ports, or guess tokens: %s', async (how) => {
    showWarningsOfFailure(fleet);
    const { network, ports } = fleet;
    const [one, two, away] = network.clients;
    const relay = { first: ports.relay, last: ports.relay };
    const flood =
      how === 'ports'
        ? [stranger(away!, network.front, ports.passive, 'ports')]
        : network.listeners.map(({ privateAddress }) =>
            stranger(network.inside, privateAddress, relay, 'relay'),
          );
    const moved = await Promise.all(
      treeClients.map((client, index) =>
        moveTree(fleet, {
          client,
          host: [one!, two!][index % 2]!,
          door: fleet.door(client.hasTls && index % 2 === 0),
          name: `${how}-${index}`,
          count: FILES,
        }),
      ),
    );
    const said = await Promise.all(flood);
    console.log(
      `${moved.reduce((sum, count) => sum + count)} transfers beside strangers who ${said.join(' ')}`,
    );
    for (const one of said) expect(one).toMatch(/^made [1-9]\d+, got 0$/m);
  });
});
