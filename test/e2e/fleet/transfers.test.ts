import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NETWORK_NAME } from '../../support/network/open-network.ts';
import { type Fleet, PASSIVE_PORTS, startFleet } from './fleet.ts';
import { moveTree } from './move-tree.ts';
import { showRelayed } from './relayed.ts';
import { treeClients } from './tree-clients.ts';
import { showWarningsOfFailure } from './warnings.ts';

/** Uploads and downloads of all clients together. */
const TRANSFERS = Number(process.env.LANDFALL_TEST_FLEET_TRANSFERS ?? 360);
const rows = treeClients.flatMap((client) => [
  { client, tls: false },
  ...(client.hasTls ? [{ client, tls: true }] : []),
]);
/** Of each client, as often up as down. */
const FILES = Math.ceil(TRANSFERS / rows.length / 2);
const TOTAL = rows.length * FILES * 2;
/** Files of one run; a longer test has more runs. */
const MAX_TREE = 100;
const LONG = { timeout: 300_000 + TOTAL * 1_000 };

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({
    partner: () => ({
      ftp: { resumption: 'required' },
      feeds: [{ name: 'all', path: '/**', scan: 'off' }],
    }),
  });
});
afterAll(() => fleet?.stop());

const clients = `three listeners, ${PASSIVE_PORTS} passive ports, each connection to a random one`;
describe(`${clients}, ${NETWORK_NAME}`, () => {
  it(`${TOTAL} transfers of all clients at once, plain and FTPS with resumption required`, LONG, async () => {
    showWarningsOfFailure(fleet);
    const began = performance.now();
    const moved = await Promise.all(rows.map((_, index) => moveAll(index)));
    const ms = Math.round(performance.now() - began);
    const transfers = moved.reduce((sum, count) => sum + count);
    console.log(`${transfers} transfers after ${ms} ms; ${await showRelayed(fleet)}`);
    expect(transfers).toBe(TOTAL);
  });
});

async function moveAll(index: number): Promise<number> {
  const { client, tls } = rows[index]!;
  const { clients } = fleet.network;
  const host = clients[index % clients.length]!;
  let transfers = 0;
  for (let done = 0; done < FILES; done += MAX_TREE) {
    const count = Math.min(MAX_TREE, FILES - done);
    transfers += await moveTree(fleet, {
      client,
      host,
      door: fleet.door(tls),
      name: `${index}-${done}`,
      count,
    });
  }
  return transfers;
}
