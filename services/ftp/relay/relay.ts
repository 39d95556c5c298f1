import type { DataPlace, Expectations } from '../../../core/ports/expectations.ts';
import type { Listeners } from '../../../core/ports/listeners.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Metrics } from '../../../core/ports/metrics.ts';
import type { DataConnection } from '../data/connection.ts';
import { type Awaited, createAwaited } from './awaited.ts';
import { createHearOfEnds } from './hear-of-ends.ts';
import { openRelayPort } from './relay-port.ts';
import { createStrays, type Strays } from './relay-strays.ts';

/** Where the relay of a listener is. */
export interface RelayPlace {
  /** The address to bind, and the port. */
  readonly address: string;
  readonly port: number;
  /** Where other listeners reach it, `HOST:PORT`. */
  readonly advertised: string;
  /** What all listeners of the fleet know, and nobody else. */
  readonly secret: string;
}

export interface RelayOptions extends RelayPlace {
  readonly fleet: { readonly expectations: Expectations; readonly listeners: Listeners };
  /** The gate's. */
  readonly dataAddressesOf: (rule: string) => readonly string[];
  /** Milliseconds for which an expectation may be noted in the fleet. */
  readonly expectedMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * A balancer sends a data connection to any listener. The one that it reaches asks the fleet who expects it and hands it
 * over, byte by byte, so TLS ends where the session is.
 */
export interface Relay extends Pick<Awaited, 'tell' | 'mayTell'>, Pick<Strays, 'take' | 'drain'> {
  /** Takes what other listeners bring, and is one of the fleet's. Rejects when the port cannot be bound. */
  open(arrive: (connection: DataConnection, at: DataPlace) => boolean): Promise<void>;
  /** Takes nothing more. */
  close(): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { fleet, advertised, expectedMs, metrics } = options;
  const shared = { ...options, expectations: fleet.expectations, address: advertised };
  const awaited = createAwaited({ ...shared, forMs: expectedMs });
  const strays = createStrays(shared);
  const ends = createHearOfEnds();
  let leave = async (): Promise<void> => undefined;
  let port: { close(): void } | undefined;
  return {
    tell: awaited.tell,
    mayTell: awaited.mayTell,
    take: strays.take,
    drain: strays.drain,
    async open(arrive) {
      port = await openRelayPort({
        ...options,
        tokenOf: awaited.tokenOf,
        hear: ends.hear,
        arrive(socket, at, token) {
          const connection = ends.connection(socket, token);
          const isWanted = arrive(connection, at);
          if (isWanted) metrics.add('landfall_relays_received_total', {});
          else connection.forget();
          return isWanted;
        },
      });
      leave = await fleet.listeners.join(advertised);
    },
    async close() {
      port?.close();
      await leave();
    },
  };
}
