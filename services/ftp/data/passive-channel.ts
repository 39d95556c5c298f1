import { randomInt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { plainAddress } from '../../../core/addresses.ts';
import type { Log } from '../../../core/ports/log.ts';
import { Refusal } from '../reply.ts';
import { abortable } from './abortable.ts';
import type { DataChannel } from './channel.ts';

export interface PassiveOptions {
  /** The address that the control connection came in at. */
  readonly local: string;
  /** The one address that may connect. */
  readonly client: string;
  readonly first: number;
  readonly last: number;
  /** Ports that other channels of this listener hold: not tried. */
  readonly taken: Set<number>;
  /** Milliseconds for the client to connect. */
  readonly timeoutMs: number;
  readonly log: Log;
}

/** A client may be refused, and the next one with it in the queue be the right one. */
const LISTEN_BACKLOG = 8;

/**
 * Listens at a free port of the range, from a random one on, so that nobody else knows where to connect (RFC 2577 §3),
 * and takes one connection, from the client's own address. Throws a `Refusal` 425 when no port is free.
 */
export async function openPassiveChannel(
  options: PassiveOptions,
): Promise<DataChannel & { readonly port: number }> {
  const { client, taken, log } = options;
  const { server, port } = await listenInRange(options);
  const { promise: arrived, resolve, reject } = Promise.withResolvers<Socket>();
  // Nobody may be waiting yet when it fails.
  arrived.catch(() => undefined);

  const stopListening = (): void => {
    clearTimeout(timer);
    server.close();
    taken.delete(port);
  };
  const giveUp = (why: string): void => {
    if (!server.listening) return;
    stopListening();
    reject(new Refusal(425, why));
  };
  const timer = setTimeout(() => giveUp('No data connection was made in time.'), options.timeoutMs);
  let waiting: Socket | undefined;

  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    const from = plainAddress(socket.remoteAddress ?? '');
    if (from !== client || waiting) {
      if (from !== client) log.warn({ from, port }, 'data connection from a foreign address refused');
      socket.resetAndDestroy();
      return;
    }
    waiting = socket;
    stopListening();
    resolve(socket);
  });
  server.on('error', () => giveUp('The data port failed.'));

  return {
    port,
    async connect(signal) {
      const socket = await abortable(arrived, signal);
      waiting = undefined;
      return socket;
    },
    close() {
      giveUp('The data connection was given up.');
      waiting?.destroy();
    },
  };
}

async function listenInRange(options: PassiveOptions): Promise<{ server: Server; port: number }> {
  const { first, last, taken } = options;
  const count = last - first + 1;
  const start = randomInt(count);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    if (await listens(server, port, options.local)) return { server, port };
    taken.delete(port);
  }
  throw new Refusal(425, 'No data port is free, try again later.');
}

const listens = (server: Server, port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host, backlog: LISTEN_BACKLOG, exclusive: true }, () => resolve(true));
  });
