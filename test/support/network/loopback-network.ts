import { startRandomBalancer } from '../random-balancer.ts';
import { CLIENTS, type FleetNetwork, type Host, LISTENERS, type NetworkPorts } from './network.ts';

const host = (address: string): Host => ({ address, privateAddress: address, within: [] });
const hosts = (count: number, network: string): Host[] =>
  Array.from({ length: count }, (_, index) => host(`${network}.${index + 1}`));

/**
 * Machines that are all this one, at addresses of 127.0.0.0/8, which Linux takes for its own without being told. The
 * private network cannot be disturbed: it is the same as all others.
 */
export async function openLoopbackNetwork({
  control,
  implicit,
  passive,
}: NetworkPorts): Promise<FleetNetwork> {
  const listeners = hosts(LISTENERS, '127.0.77');
  const count = passive.last - passive.first + 1;
  const balancer = await startRandomBalancer({
    address: '127.0.77.100',
    ports: [control, implicit, ...Array.from({ length: count }, (_, index) => passive.first + index)],
    listeners: listeners.map(({ address }) => address),
  });
  return {
    kind: 'loopback',
    front: balancer.address,
    proxyFront: '127.0.77.101',
    inside: host('127.0.0.1'),
    listeners,
    clients: hosts(CLIENTS, '127.0.78'),
    crowd: { ...host('127.0.78.100'), base: '127.0.79.0' },
    balance: async (living) => balancer.target(living.map((index) => listeners[index]!.address)),
    async disturb(fault) {
      if (fault !== 'none') throw new Error('loopback addresses have no private network');
    },
    close: async () => balancer.close(),
  };
}
