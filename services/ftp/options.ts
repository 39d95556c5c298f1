import type { BlockPool } from '../../core/buffers.ts';
import type { Gate } from '../../core/gate.ts';
import type { Partner } from '../../core/partner.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Zone } from '../../core/zone.ts';
import type { PassiveAddress } from './passive-address.ts';
import type { ProxyOptions } from './proxied-ends.ts';
import type { RelayPlace } from './relay/relay.ts';
import type { TlsEnds } from './tls/contexts.ts';

export interface TlsOptions extends TlsEnds {
  /** The port of implicit FTPS; 0 takes any free one, undefined none. */
  readonly implicitPort?: number | undefined;
  /** For a TLS handshake. */
  readonly handshakeMs: number;
}

export interface FtpOptions {
  /** The address to bind, and the port; 0 takes any free one. */
  readonly address: string;
  readonly port: number;
  readonly passive: {
    /** Ports of passive data connections, both ends included. */
    readonly first: number;
    readonly last: number;
    /** What PASV tells; without it, or an answer of it, the address that the client dialled. */
    readonly address?: PassiveAddress | undefined;
  };
  readonly timeouts: {
    /** From the connection to the login. */
    readonly loginMs: number;
    /** From command to command. */
    readonly idleMs: number;
    /** For a data connection to be made. */
    readonly dataMs: number;
    /** For a transfer without a byte moving. */
    readonly stallMs: number;
    /** For one whole transfer. */
    readonly transferMs: number;
  };
  /** FTPS; without it there is none. */
  readonly tls?: TlsOptions | undefined;
  /** Sessions. */
  readonly limits: { readonly total: number; readonly perAddress: number };
  /** Proxies that tell in a header who their client is. */
  readonly proxies: ProxyOptions;
  /** Where data connections that came to other listeners are brought; without it they are lost, as are those that came here for others. */
  readonly relay?: RelayPlace | undefined;
  readonly gate: Gate;
  readonly openZone: (partner: Partner) => Promise<Zone>;
  readonly fleet: Fleet;
  readonly pool: BlockPool;
  readonly metrics: Metrics;
  readonly log: Log;
}
