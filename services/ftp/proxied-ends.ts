import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { isAddressAllowed } from '../../core/addresses.ts';
import type { Log } from '../../core/ports/log.ts';
import { type Ends, endsOf } from './client-address.ts';
import { readProxyHeader } from './proxy-header.ts';

export interface ProxyOptions {
  /** Addresses and networks whose connections begin with a PROXY header; none when empty. */
  readonly from: readonly string[];
  /** Milliseconds from the connection to the end of its header. */
  readonly headerMs: number;
}

/** What proxies tell of the connections that they make. */
export interface Proxied {
  /**
   * The ends of the connection, or undefined when it is over. Where a header must come, it is taken off first; all
   * that follows it is still to be read. The socket is unread so far, and has a listener for errors.
   */
  ends(socket: Socket): Promise<Ends | undefined>;
  /** Ends the connections whose header has not come. */
  stop(): void;
}

/** Connections whose header is waited for at once; a further one is ended. */
const MAX_WAITING = 2_000;

const NO_HEADER =
  'connection ended: a trusted proxy sent no PROXY header. AWS Network Load Balancers send it only together with ' +
  "the client's first bytes, and an FTP client says nothing before the server's greeting: use their preservation " +
  'of client addresses, and leave LANDFALL_PROXY_PROTOCOL_FROM empty';

export function createProxied({ from, headerMs }: ProxyOptions, log: Log): Proxied {
  const waiting = new Set<Socket>();

  const takeHeader = (socket: Socket, own: Ends): Promise<Ends | undefined> =>
    new Promise((resolve) => {
      let bytes = Buffer.alloc(0);
      const finish = (ends: Ends | undefined): void => {
        clearTimeout(timer);
        waiting.delete(socket);
        socket.off('readable', read).off('end', end).off('close', end);
        if (!ends) socket.destroy();
        resolve(ends);
      };
      const end = (): void => {
        // As a balancer's look whether the port is open does.
        log.debug({ proxy: own.client }, 'a proxy ended its connection before the PROXY header');
        finish(undefined);
      };
      const read = (): void => {
        bytes = Buffer.concat([bytes, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
        const header = readProxyHeader(bytes);
        if (header.kind === 'more') return;
        if (header.kind === 'invalid') {
          log.warn({ proxy: own.client, why: header.why }, 'connection ended: its PROXY header is not valid');
          finish(undefined);
          return;
        }
        if (header.rest.length > 0) socket.unshift(header.rest);
        const { ends } = header;
        finish(
          ends
            ? {
                ...own,
                client: ends.source.address,
                local: ends.destination.address,
                port: ends.destination.port,
              }
            : own,
        );
      };
      const timer = setTimeout(() => {
        log.warn({ proxy: own.client, waitedMs: headerMs, bytes: bytes.length }, NO_HEADER);
        finish(undefined);
      }, headerMs);
      waiting.add(socket);
      socket.on('readable', read).on('end', end).on('close', end);
    });

  return {
    async ends(socket) {
      const own = endsOf(socket);
      if (!own || from.length === 0 || !isAddressAllowed(own.client, from)) return own;
      if (waiting.size >= MAX_WAITING) {
        socket.destroy();
        return undefined;
      }
      return takeHeader(socket, own);
    },
    stop() {
      for (const socket of waiting) socket.destroy();
    },
  };
}
