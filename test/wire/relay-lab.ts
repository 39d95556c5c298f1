import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import { freePorts } from '../support/free-ports.ts';
import { type FtpLab, type FtpTalk, type LabOptions, startFtpLab, talkTo } from '../support/ftp-lab.ts';
import { createMemoryStore } from '../support/memory-store.ts';

/** Two listeners with one fleet and one store, at 127.0.0.1 and 127.0.0.2; both have the same passive ports. */
export interface RelayLab {
  /** Where sessions are. */
  readonly owner: FtpLab;
  /** Where their data connections go. */
  readonly other: FtpLab;
  readonly fleet: Fleet;
  readonly relayPort: number;
  readonly passive: { readonly first: number; readonly last: number };
  /** What both have counted, as `metric label`. */
  readonly counts: Record<string, number>;
  /** A session at the owner. */
  logIn(from?: string): Promise<FtpTalk>;
  /** EPSV, and the connection to the other listener. */
  astray(talk: FtpTalk, from?: string): Promise<Socket>;
  stop(): Promise<void>;
}

export const SECRET = 'a secret of the whole fleet';
const PASSIVE_PORTS = 3;

export interface RelayLabOptions extends LabOptions {
  readonly fleet?: Fleet;
}

export async function startRelayLab(options: RelayLabOptions = {}): Promise<RelayLab> {
  const { first, last: relayPort } = await freePorts(PASSIVE_PORTS + 1);
  const passive = { first, last: relayPort - 1 };
  const fleet = options.fleet ?? createLocalFleet();
  const store = createMemoryStore();
  const counts: Record<string, number> = {};
  const metrics: Metrics = {
    add(counter, labels, by = 1) {
      const key = [counter, ...Object.values(labels)].join(' ');
      counts[key] = (counts[key] ?? 0) + by;
    },
    took: () => undefined,
    watch: () => undefined,
  };
  const start = (address: string): Promise<FtpLab> =>
    startFtpLab({
      store,
      ...options,
      fleet,
      address,
      passive,
      metrics,
      relay: { address, port: relayPort, advertised: `${address}:${relayPort}`, secret: SECRET },
    });
  const [owner, other] = [await start('127.0.0.1'), await start('127.0.0.2')];
  return {
    owner,
    other,
    fleet,
    relayPort,
    passive,
    counts,
    async logIn(from = '127.0.0.1') {
      const talk = await talkTo(owner.listener.port, '127.0.0.1', from);
      await talk.expect(220);
      await talk.say('USER acme', 331);
      await talk.say('PASS secret', 230);
      await talk.say('TYPE I', 200);
      return talk;
    },
    async astray(talk, from = '127.0.0.1') {
      const said = await talk.say('EPSV', 229);
      const port = Number(/\|\|\|(\d+)\|/.exec(said)![1]);
      const data = connect({ host: '127.0.0.2', port, localAddress: from, allowHalfOpen: true });
      data.on('error', () => undefined);
      // It may be reset as soon as it is there.
      await once(data, 'connect').catch(() => undefined);
      return data;
    },
    async stop() {
      await Promise.all([owner.listener.stop(0), other.listener.stop(0)]);
    },
  };
}

export async function bytesOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** How the connection ends: `end`, or the code of its error. */
export function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    if (socket.errored) resolve((socket.errored as NodeJS.ErrnoException).code!);
    socket.resume();
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    socket.once('close', () => resolve('closed'));
  });
}
