import { createServer, type Server, type Socket } from 'node:net';
import { addressOf } from '../../../core/addresses.ts';
import type { DataPlace } from '../../../core/ports/expectations.ts';
import type { Log } from '../../../core/ports/log.ts';
import { listen } from '../../listen.ts';
import type { Ends } from '../client-address.ts';
import { type DataConnection, directly } from './connection.ts';
import type { Expectations } from './expectations.ts';
import { keepAlive } from './keep-alive.ts';
import { createToldExpectations, type Others } from './told-expectations.ts';

export interface PassivePortsOptions {
  readonly address: string;
  /** Both ends included. */
  readonly first: number;
  readonly last: number;
  /** Who the connection is from, or undefined when it is over. */
  readonly endsOf: (socket: Socket) => Promise<Ends | undefined>;
  /** Asked for each connection that nobody here expects; true takes it over. */
  readonly stray?: ((socket: Socket, port: number, from: string) => boolean) | undefined;
  /** They are told what is expected here. */
  readonly others?: Others | undefined;
  /** Told of each connection that came to the listener which expects it. */
  readonly came?: (() => void) | undefined;
  readonly log: Log;
}

/** The ports that passive data connections come to: open as long as the listener is, and shared by all its sessions. */
export interface PassivePorts extends Pick<Expectations<DataConnection>, 'add' | 'withdraw' | 'expected'> {
  /** Hands over a connection, paused and unread, that came to one of the ports; resets it when nobody wants it. */
  arrive(socket: Socket, port: number, from: string): void;
  /** The same with one that came by another listener; false, and nothing is done, when nobody here expects it. */
  arriveRelayed(connection: DataConnection, at: DataPlace): boolean;
  close(): void;
}

/** Connections that the kernel holds for each port while none is accepted: some of strangers, with the right one behind. */
const LISTEN_BACKLOG = 511;
/** At least so many milliseconds are between two lines of the log that tell of refused connections. */
const REFUSED_LOG_MS = 1000;

const settings = { address: 'LANDFALL_FTP_ADDRESS', port: 'LANDFALL_FTP_PASSIVE_PORTS' } as const;

/** Opens them all. Rejects, with none open, when one cannot be bound. */
export async function openPassivePorts(options: PassivePortsOptions): Promise<PassivePorts> {
  const { address, first, last, stray, came, others, log } = options;
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const { add, withdraw, expected, ...expectations } = createToldExpectations<DataConnection>(
    numbers,
    others,
  );

  let refused = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  const refuse = (socket: Socket, port: number, from: string, why: string): void => {
    socket.resetAndDestroy();
    refused += 1;
    if (performance.now() - loggedAt < REFUSED_LOG_MS) return;
    log.warn({ from, port, why, refused }, 'data connections refused');
    loggedAt = performance.now();
    refused = 0;
  };

  const arrive = (socket: Socket, port: number, from: string): void => {
    const arrived = expectations.arrive(directly(socket), port, from);
    if (arrived === 'taken') {
      keepAlive(socket);
      came?.();
    } else if (arrived === 'late' || !stray?.(socket, port, from)) refuse(socket, port, from, arrived);
  };

  const arriveRelayed = (connection: DataConnection, { port, client }: DataPlace): boolean => {
    const isTaken = expectations.arrive(connection, port, addressOf(client)) === 'taken';
    if (isTaken) keepAlive(connection.socket);
    return isTaken;
  };

  const accept = async (socket: Socket): Promise<void> => {
    socket.on('error', () => undefined);
    const ends = await options.endsOf(socket);
    if (ends) arrive(socket, ends.port, ends.client);
    else socket.destroy();
  };

  const open = async (port: number): Promise<Server> => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    server.on('connection', accept);
    const place = { port, host: address, backlog: LISTEN_BACKLOG, exclusive: true };
    await listen(server, place, { ...settings, must: `All of ${first}-${last} must be free.` });
    server.on('error', (err) => log.error({ err, port }, 'passive port failed'));
    return server;
  };

  const opened = await Promise.allSettled(numbers.map(open));
  const servers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = (): void => {
    for (const server of servers) server.close();
  };
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed) {
    close();
    throw failed.reason;
  }
  return { add, withdraw, expected, arrive, arriveRelayed, close };
}
