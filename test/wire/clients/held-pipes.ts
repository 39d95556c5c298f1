import { once } from 'node:events';
import { connect, createServer, type Server as Listener, type Socket } from 'node:net';

export type Direction = 'up' | 'down';

/**
 * Carries connections on to Landfall, and can hold a data connection after so many bytes, so that a client can be
 * killed in the middle of a transfer for certain.
 */
export interface HeldPipes {
  /** Listens; answers the port. */
  listen(host: string, port: number, take: (client: Socket) => void): Promise<Listener>;
  /** The connection to Landfall that belongs to the client's: what happens to one happens to the other. */
  pair(client: Socket, to: { host: string; port: number }): Socket;
  /** Carries the bytes of a data connection, both ways. */
  carry(client: Socket, upstream: Socket): void;
  /** Holds the next data connection after `bytes` of that direction. Resolves when it holds. */
  hold(direction: Direction, bytes: number): Promise<void>;
  /** Lets go of what is held. */
  release(): void;
  close(): void;
}

export function createHeldPipes(): HeldPipes {
  const sockets = new Set<Socket>();
  const listeners = new Set<Listener>();
  let holding: { direction: Direction; left: number; held: () => void } | undefined;
  let release = (): void => undefined;

  const carryOneWay = (direction: Direction, from: Socket, to: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      if (holding?.direction === direction) {
        if (bytes.length < holding.left) holding.left -= bytes.length;
        else {
          const { left, held } = holding;
          holding = undefined;
          from.pause().unshift(bytes.subarray(left));
          release = () => from.resume();
          to.write(bytes.subarray(0, left), () => held());
          return;
        }
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  };

  return {
    async listen(host, port, take) {
      const listener = createServer({ allowHalfOpen: true }, take).listen(port, host);
      listeners.add(listener);
      await once(listener, 'listening');
      return listener;
    },
    pair(client, to) {
      const upstream = connect({ ...to, allowHalfOpen: true });
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(one);
        one.setNoDelay();
        one.on('error', () => other.resetAndDestroy());
        one.on('close', () => other.destroySoon());
        one.on('end', () => other.end());
      }
      return upstream;
    },
    carry(client, upstream) {
      carryOneWay('up', client, upstream);
      carryOneWay('down', upstream, client);
    },
    hold: (direction, bytes) =>
      new Promise<void>((held) => {
        holding = { direction, left: bytes, held };
      }),
    release: () => release(),
    close() {
      for (const socket of sockets) socket.destroy();
      for (const listener of listeners) listener.close();
    },
  };
}
