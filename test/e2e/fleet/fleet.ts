import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashPassword } from '../../../core/password.ts';
import { freePorts } from '../../support/free-ports.ts';
import { type LandfallProcess, startLandfall } from '../../support/landfall-process.ts';
import { type FleetNetwork, type Host, LISTENERS, type NetworkPorts } from '../../support/network/network.ts';
import { openNetwork } from '../../support/network/open-network.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { makeCertificate } from '../../support/tls-certificates.ts';
import type { Invocation } from '../../wire/clients/client.ts';
import { type Running, startProgram } from '../../wire/clients/run-program.ts';
import { type DataFolder, makeDataFolder, USER } from '../lab.ts';
import type { FrontDoor } from './tree-clients.ts';

/** All that a client of these tests knows, beside `USER`: no character that a client's own language would eat. */
export const PASSWORD = 'sesame-123';
export const PASSIVE_PORTS = 10;

/** Three listeners, what they share, and the network around them. */
export interface Fleet {
  readonly network: FleetNetwork;
  readonly data: DataFolder;
  readonly redis: RedisServer;
  readonly ports: NetworkPorts & { readonly relay: number };
  /** Those that run, by their number; a replaced one is in the place of the one before. */
  readonly listeners: LandfallProcess[];
  /** Where clients go: by FTP, or with `tls` by FTPS. */
  door(tls?: boolean): FrontDoor;
  start(index: number): Promise<void>;
  /** A client's program at one of its machines. */
  run(host: Host, invocation: Invocation): Running;
  /** Of all listeners together, as their metrics say it since each started. `name` may have labels. */
  count(name: string): Promise<number>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly partner: (delivered: string) => Record<string, unknown>;
  readonly env?: Record<string, string>;
  /** For what is different at each listener. */
  readonly envOf?: (network: FleetNetwork, index: number) => Record<string, string>;
}

export async function startFleet({ partner, env, envOf }: FleetOptions): Promise<Fleet> {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one();
  };
  try {
    return await build();
  } catch (thrown) {
    await stop();
    throw thrown;
  }

  async function build(): Promise<Fleet> {
    const block = await freePorts(PASSIVE_PORTS + 4);
    const [control, implicit, relay, health] = [0, 1, 2, 3].map((index) => block.first + index);
    const ports = {
      control: control!,
      implicit: implicit!,
      relay: relay!,
      passive: { first: health! + 1, last: block.last },
    };
    const network = await openNetwork(ports);
    undo.push(network.close);
    const logins = [{ user: USER, password: await hashPassword(PASSWORD) }];
    const data = await makeDataFolder((delivered) => ({
      logins,
      limits: { sessions: 3000 },
      ...partner(delivered),
    }));
    undo.push(data.remove);
    const certificates = join(data.path, 'certificates');
    await mkdir(certificates);
    const hosts = ['localhost', network.front, network.proxyFront];
    const { certificate } = await makeCertificate(certificates, 'default', hosts);
    const { privateAddress, within } = network.inside;
    const redis = await startRedis(['--appendonly', 'no'], { host: privateAddress, within });
    undo.push(redis.remove);
    const secret = randomBytes(32).toString('base64');

    const listeners: LandfallProcess[] = [];
    undo.push(() => Promise.all(listeners.map((one) => one.kill())));
    const start = async (index: number): Promise<void> => {
      const host = network.listeners[index]!;
      listeners[index] = await startLandfall({
        within: host.within,
        dataFolder: data.path,
        env: {
          LANDFALL_FLEET: redis.url,
          LANDFALL_FTP_ADDRESS: host.address,
          LANDFALL_FTP_PORT: String(ports.control),
          LANDFALL_FTPS_PORT: String(ports.implicit),
          LANDFALL_FTP_PASSIVE_PORTS: `${ports.passive.first}-${ports.passive.last}`,
          LANDFALL_FTP_PASSIVE_ADDRESS: network.front,
          LANDFALL_TLS_CERTIFICATES: certificates,
          LANDFALL_RELAY_ADDRESS: host.privateAddress,
          LANDFALL_RELAY_PORT: String(ports.relay),
          LANDFALL_RELAY_ADVERTISE: `${host.privateAddress}:${ports.relay}`,
          LANDFALL_RELAY_SECRET: secret,
          LANDFALL_HEALTH_ADDRESS: host.address,
          LANDFALL_HEALTH_PORT: String(health),
          LANDFALL_MAX_SESSIONS: '3000',
          LANDFALL_WORKERS: '0',
          // No feed of those that scan nothing asks it.
          LANDFALL_SCANNER: `clamd:${join(data.path, 'no-clamd')}`,
          ...env,
          ...envOf?.(network, index),
        },
      });
    };
    await Promise.all(Array.from({ length: LISTENERS }, (_, index) => start(index)));

    const metricsOf = async (host: Host): Promise<string> => {
      const words = [...host.within, 'curl', '--silent', `http://${host.address}:${health}/metrics`];
      // One that is down has none.
      const { stdout } = await promisify(execFile)(words[0]!, words.slice(1)).catch(() => ({ stdout: '' }));
      return stdout;
    };

    return {
      network,
      data,
      redis,
      ports,
      listeners,
      start,
      stop,
      door: (tls = false) => ({
        host: network.front,
        port: ports.control,
        implicitPort: ports.implicit,
        user: USER,
        password: PASSWORD,
        ca: tls ? certificate : undefined,
      }),
      run(host, { command, args, ...more }) {
        const [first, ...words] = [...host.within, command, ...args];
        return startProgram({ ...more, command: first!, args: words }, data.path);
      },
      async count(name) {
        const lines = (await Promise.all(network.listeners.map(metricsOf))).join('\n').split('\n');
        const values = lines
          .filter((line) => line.startsWith(`${name} `))
          .map((line) => line.split(' ').at(-1));
        return values.reduce((sum, value) => sum + Number(value), 0);
      },
    };
  }
}
