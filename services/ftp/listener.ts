import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { senderOf } from '../../core/addresses.ts';
import { Fault } from '../../core/fault.ts';
import { listen } from '../listen.ts';
import { COMMANDS } from './commands/all.ts';
import { type ControlConnection, serveControl } from './control-connection.ts';
import { LATE_MS } from './data/expectations.ts';
import { keepAlive } from './data/keep-alive.ts';
import { openPassivePorts } from './data/passive-ports.ts';
import type { FtpOptions } from './options.ts';
import { createProxied } from './proxied-ends.ts';
import { createRelay } from './relay/relay.ts';
import { encodeReply, lastReply } from './reply.ts';
import { atStart, type Session } from './session.ts';

/** Connections that the kernel holds while none is accepted. */
const LISTEN_BACKLOG = 511;

const isWithin = ({ first, last }: FtpOptions['passive'], port: number): boolean =>
  port >= first && port <= last;

export interface FtpListener {
  readonly port: number;
  /** The port of implicit FTPS, where there is one. */
  readonly implicitPort: number | undefined;
  /** Takes nobody in any more, ends idle sessions, lets transfers run for `deadlineMs`, keeps what is left of them. */
  stop(deadlineMs: number): Promise<void>;
}

/** Serves FTP. Rejects when the port cannot be bound. */
export async function startFtpListener(options: FtpOptions): Promise<FtpListener> {
  const controls = new Set<ControlConnection>();
  const entering = new Set<Promise<void>>();
  const proxied = createProxied(options.proxies, options.log);
  let stopping = false;

  const relay =
    options.relay &&
    createRelay({
      ...options.relay,
      fleet: options.fleet,
      dataAddressesOf: options.gate.dataAddressesOf,
      expectedMs: options.timeouts.dataMs + LATE_MS,
      metrics: options.metrics,
      log: options.log,
    });

  const ports = await openPassivePorts({
    ...options.passive,
    address: options.address,
    endsOf: proxied.ends,
    stray(socket, port, from) {
      options.metrics.add('landfall_data_connections_stray_total', {});
      return relay?.take(socket, port, from) ?? false;
    },
    came: () => options.metrics.add('landfall_data_connections_direct_total', {}),
    others: relay,
    log: options.log,
  });
  options.metrics.watch('landfall_data_connections_expected', () => [
    { labels: {}, value: ports.expected() },
  ]);

  const accept = async (socket: Socket, isImplicit: boolean): Promise<void> => {
    socket.on('error', () => undefined);
    keepAlive(socket);
    const ends = await proxied.ends(socket);
    if (!ends) return;
    const { client, local, own } = ends;
    // One port may carry all that proxies send on: their header tells which one the client dialled.
    if (isWithin(options.passive, ends.port)) {
      ports.arrive(socket.pause(), ends.port, client);
      return;
    }
    const id = randomBytes(6).toString('hex');
    const log = options.log.child({ session: id, protocol: 'ftp', address: client });
    let leave: () => Promise<void>;
    try {
      if (stopping) throw new Fault('limit-reached', 'the server is going down');
      leave = await options.fleet.enter({ address: senderOf(client) }, options.limits);
    } catch (thrown) {
      const fault = Fault.from(thrown);
      log.warn({ err: fault }, 'connection refused');
      // Where TLS should come first, nobody would understand.
      const why = isImplicit ? '' : encodeReply(lastReply(421, `Not now: ${fault.message}.`));
      socket.end(why, () => socket.destroySoon());
      return;
    }
    const session: Session = {
      ...atStart(),
      id,
      options,
      log,
      client,
      local,
      own,
      ports,
      startedAt: performance.now(),
      controlAlive: () => !socket.destroyed,
      isImplicit,
      protection: undefined,
      serverName: undefined,
      program: undefined,
      failedLogins: 0,
      transfer: undefined,
    };
    // It ended behind its PROXY header, when nobody was there to hear it.
    if (socket.readableEnded) socket.destroy();
    const control = serveControl(socket, session, COMMANDS);
    controls.add(control);
    if (stopping) control.stop();
    await control.closed;
    controls.delete(control);
    await leave().catch((cause: unknown) => log.error({ err: cause }, 'session not counted out'));
  };

  const listenAt = async (port: number, isImplicit: boolean): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.on('connection', (socket) => {
      const entered = accept(socket, isImplicit).finally(() => entering.delete(entered));
      entering.add(entered);
    });
    const place = { host: options.address, port, backlog: LISTEN_BACKLOG };
    const name = isImplicit ? 'LANDFALL_FTPS_PORT' : 'LANDFALL_FTP_PORT';
    await listen(server, place, { address: 'LANDFALL_FTP_ADDRESS', port: name });
    server.on('error', (err) => options.log.error({ err }, 'FTP listener failed'));
    return server;
  };
  const { implicitPort } = options.tls ?? {};
  const servers: Server[] = [];
  try {
    await relay?.open(ports.arriveRelayed);
    servers.push(await listenAt(options.port, false));
    if (implicitPort !== undefined) servers.push(await listenAt(implicitPort, true));
  } catch (thrown) {
    ports.close();
    await relay?.close();
    for (const server of servers) server.close();
    throw thrown;
  }
  const [port, boundImplicit] = servers.map((server) => (server.address() as AddressInfo).port);

  return {
    port: port!,
    implicitPort: boundImplicit,
    async stop(deadlineMs) {
      stopping = true;
      for (const server of servers) server.close();
      for (const control of controls) control.stop();
      const deadline = AbortSignal.timeout(deadlineMs);
      deadline.addEventListener('abort', () => {
        for (const control of controls) control.abortTransfer();
      });
      while (controls.size > 0) await Promise.all([...controls].map(({ closed }) => closed));
      // Until then, what a header is waited for may be a transfer's.
      proxied.stop();
      while (entering.size > 0) await Promise.all(entering);
      ports.close();
      await relay?.drain(deadline);
      await relay?.close();
    },
  };
}
