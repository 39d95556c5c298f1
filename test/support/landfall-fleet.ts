import { freePort } from './free-port.ts';
import { freePorts } from './free-ports.ts';
import { type LandfallProcess, startLandfall } from './landfall-process.ts';
import { type RandomBalancer, startRandomBalancer } from './random-balancer.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** Several listeners, processes on 127.0.0.1, 127.0.0.2 and so on, with a store and a Redis for all, behind a balancer. */
export interface LandfallFleet {
  readonly balancer: RandomBalancer;
  readonly redis: RedisServer;
  readonly listeners: readonly FleetListener[];
  /** Of the control connection, at the balancer and at each listener. */
  readonly port: number;
  readonly passive: readonly number[];
  readonly relayPort: number;
  /** Starts another listener in the place of one that is gone. */
  restart(index: number): Promise<void>;
  /** The sum over all listeners of a metric, by the values of its labels; '' where it has none. */
  sum(metric: string): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface FleetListener {
  readonly address: string;
  readonly landfall: LandfallProcess;
  readonly healthPort: number;
}

const RELAY_SECRET = 'a secret of the whole fleet';

/** Nobody else's: behind it is no machine, it is an address of this one. */
const BALANCER = '127.0.0.100';

export interface FleetOptions {
  readonly dataFolder: string;
  readonly listeners: number;
  readonly passivePorts: number;
  readonly env?: Record<string, string>;
}

export async function startLandfallFleet(options: FleetOptions): Promise<LandfallFleet> {
  const { first: port, last: relayPort } = await freePorts(options.passivePorts + 2);
  const passive = Array.from({ length: options.passivePorts }, (_, index) => port + 1 + index);
  const redis = await startRedis();
  const addresses = Array.from({ length: options.listeners }, (_, index) => `127.0.0.${index + 1}`);
  const start = async (address: string): Promise<FleetListener> => {
    const healthPort = await freePort();
    const landfall = await startLandfall({
      dataFolder: options.dataFolder,
      env: {
        LANDFALL_FTP_ADDRESS: address,
        LANDFALL_FTP_PORT: String(port),
        LANDFALL_FTP_PASSIVE_PORTS: `${passive[0]}-${passive.at(-1)}`,
        LANDFALL_FTP_PASSIVE_ADDRESS: BALANCER,
        LANDFALL_FLEET: redis.url,
        LANDFALL_RELAY_PORT: String(relayPort),
        LANDFALL_RELAY_SECRET: RELAY_SECRET,
        LANDFALL_HEALTH_PORT: String(healthPort),
        LANDFALL_WORKERS: '0',
        LANDFALL_SIGNATURES: '/nonexistent',
        ...options.env,
      },
    });
    return { address, landfall, healthPort };
  };
  const listeners = await Promise.all(addresses.map(start));
  const balancer = await startRandomBalancer({
    address: BALANCER,
    ports: [port, ...passive],
    listeners: addresses,
  });
  return {
    balancer,
    redis,
    listeners,
    port,
    passive,
    relayPort,
    async restart(index) {
      listeners[index] = await start(addresses[index]!);
    },
    async sum(metric) {
      const sums: Record<string, number> = {};
      for (const { healthPort, landfall } of listeners) {
        if (landfall.child.exitCode !== null || landfall.child.signalCode !== null) continue;
        const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
        for (const [, labels = '', value] of text.matchAll(
          new RegExp(`^${metric}(?:\\{([^}]*)\\})? (\\S+)$`, 'gm'),
        )) {
          const key = [...labels.matchAll(/="([^"]*)"/g)].map((match) => match[1]).join(' ');
          sums[key] = (sums[key] ?? 0) + Number(value);
        }
      }
      return sums;
    },
    async close() {
      balancer.close();
      await Promise.all(listeners.map(({ landfall }) => landfall.kill()));
      await redis.remove();
    },
  };
}
