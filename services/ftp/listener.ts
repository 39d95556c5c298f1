import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { senderOf } from '../../core/addresses.ts';
import { Fault } from '../../core/fault.ts';
import { endsOf } from './client-address.ts';
import { COMMANDS } from './commands/all.ts';
import { type ControlConnection, serveControl } from './control-connection.ts';
import type { FtpOptions } from './options.ts';
import { encodeReply, lastReply } from './reply.ts';
import { atStart, type Session } from './session.ts';

/** Milliseconds of silence after which the kernel asks whether the client is still there. */
const KEEP_ALIVE_MS = 60_000;
/** Connections that the kernel holds while none is accepted. */
const LISTEN_BACKLOG = 511;

export interface FtpListener {
  readonly port: number;
  /** Takes nobody in any more, ends idle sessions, lets transfers run for `deadlineMs`, keeps what is left of them. */
  stop(deadlineMs: number): Promise<void>;
}

/** Serves FTP. Rejects when the port cannot be bound. */
export async function startFtpListener(options: FtpOptions): Promise<FtpListener> {
  const controls = new Set<ControlConnection>();
  const passivePorts = new Set<number>();
  const entering = new Set<Promise<void>>();
  let stopping = false;

  const accept = async (socket: Socket): Promise<void> => {
    socket.on('error', () => undefined);
    const ends = endsOf(socket);
    if (!ends) return;
    const { client, local } = ends;
    const id = randomBytes(6).toString('hex');
    const log = options.log.child({ session: id, protocol: 'ftp', address: client });
    let leave: () => Promise<void>;
    try {
      if (stopping) throw new Fault('limit-reached', 'the server is going down');
      leave = await options.fleet.enter({ address: senderOf(client) }, options.limits);
    } catch (thrown) {
      const fault = Fault.from(thrown);
      log.warn({ err: fault }, 'connection refused');
      socket.end(encodeReply(lastReply(421, `Not now: ${fault.message}.`)), () => socket.destroySoon());
      return;
    }
    const session: Session = {
      ...atStart(),
      id,
      options,
      log,
      client,
      local,
      passivePorts,
      startedAt: performance.now(),
      controlAlive: () => !socket.destroyed,
      serverName: undefined,
      failedLogins: 0,
      transfer: undefined,
    };
    const control = serveControl(socket, session, COMMANDS);
    controls.add(control);
    if (stopping) control.stop();
    await control.closed;
    controls.delete(control);
    await leave().catch((cause: unknown) => log.error({ err: cause }, 'session not counted out'));
  };

  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.on('connection', (socket) => {
    const entered = accept(socket).finally(() => entering.delete(entered));
    entering.add(entered);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address, port: options.port, backlog: LISTEN_BACKLOG }, resolve);
  });
  server.on('error', (err) => options.log.error({ err }, 'FTP listener failed'));

  return {
    port: (server.address() as AddressInfo).port,
    async stop(deadlineMs) {
      stopping = true;
      server.close();
      for (const control of controls) control.stop();
      const deadline = new AbortController();
      const late = sleep(deadlineMs, undefined, { signal: deadline.signal }).then(
        () => {
          for (const control of controls) control.abortTransfer();
        },
        () => undefined,
      );
      while (entering.size > 0) await Promise.all(entering);
      deadline.abort();
      await late;
    },
  };
}
