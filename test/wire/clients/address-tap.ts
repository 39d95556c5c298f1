import type { ClientLab } from './client-lab.ts';
import { createHeldPipes, type HeldPipes } from './held-pipes.ts';

const ADDRESS = '127.0.0.2';

/** What a lab must be started with for this tap: it listens at the same ports of another address. */
export const UNDER_ADDRESS_TAP = {
  LANDFALL_FTP_ADDRESS: '127.0.0.1',
  LANDFALL_FTP_PASSIVE_ADDRESS: ADDRESS,
};

/** Stands between a client and Landfall at an address of its own, for talk that it cannot read: the ports are the same. */
export interface AddressTap extends Pick<HeldPipes, 'hold' | 'release' | 'close'> {
  readonly host: typeof ADDRESS;
  /** Passive data connections so far. */
  readonly passive: number;
}

export async function startAddressTap({ server, secure, passivePorts }: ClientLab): Promise<AddressTap> {
  const pipes = createHeldPipes();
  let passive = 0;
  for (const { port } of [server, secure('implicit')]) {
    await pipes.listen(ADDRESS, port, (client) => {
      client.pipe(pipes.pair(client, { host: server.host, port })).pipe(client);
    });
  }
  for (let port = passivePorts.first; port <= passivePorts.last; port += 1) {
    await pipes.listen(ADDRESS, port, (client) => {
      passive += 1;
      pipes.carry(client, pipes.pair(client, { host: server.host, port }));
    });
  }
  return {
    host: ADDRESS,
    get passive() {
      return passive;
    },
    hold: pipes.hold,
    release: pipes.release,
    close: pipes.close,
  };
}
