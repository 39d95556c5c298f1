import { openLoopbackNetwork } from './loopback-network.ts';
import { noNamespaces } from './namespaces.ts';
import type { FleetNetwork, NetworkPorts } from './network.ts';
import { openRoutedNetwork } from './routed-network.ts';

/** Why the network is one of loopback addresses here; undefined where it is one of namespaces. */
export const noKernelBalancer = noNamespaces();

export const NETWORK_NAME = noKernelBalancer
  ? `on loopback addresses (${noKernelBalancer})`
  : 'in network namespaces';

/** The kernel's where that can be made, else one of loopback addresses with a balancer that is a program. */
export const openNetwork = (ports: NetworkPorts): Promise<FleetNetwork> =>
  noKernelBalancer ? openLoopbackNetwork(ports) : openRoutedNetwork(ports);
