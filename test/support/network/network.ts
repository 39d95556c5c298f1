/** A machine: programs run inside it, and are reached at its address. */
export interface Host {
  readonly address: string;
  /** Where hosts of the inside reach it, which clients do not. */
  readonly privateAddress: string;
  /** The words that run a program there: `[...within, 'curl', ...]`. */
  readonly within: readonly string[];
}

/** What may happen to the private network. */
export type PrivateFault = 'none' | 'cut' | 'lossy' | 'slow';

/**
 * Three listeners behind one address, as a plain balancer of the fourth layer has them: each new connection goes to a
 * random one, whatever the client's earlier ones did, and keeps the client's address.
 */
export interface FleetNetwork {
  /** What it is made of, for the names of tests. */
  readonly kind: 'namespaces' | 'loopback';
  /** The address that clients dial. */
  readonly front: string;
  /** An address of the balancer's that nothing is sent on from, for a proxy. */
  readonly proxyFront: string;
  /** The balancer itself; what the listeners share runs here. */
  readonly inside: Host;
  readonly listeners: readonly Host[];
  readonly clients: readonly Host[];
  /** A client with a network of addresses of its own: `base` is the first, and `count` follow. */
  readonly crowd: Host & { readonly base: string };
  /** New connections go to these listeners from now on; those that are there stay where they are. */
  balance(listeners: readonly number[]): Promise<void>;
  /** On one port of the private network; only where there is one. */
  disturb(fault: PrivateFault, port: number): Promise<void>;
  close(): Promise<void>;
}

export interface NetworkPorts {
  readonly control: number;
  /** Of implicit FTPS. */
  readonly implicit: number;
  /** Both ends included. */
  readonly passive: { readonly first: number; readonly last: number };
}

export const LISTENERS = 3;
export const CLIENTS = 3;
