import { join } from 'node:path';
import { type Config, ConfigError } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import { createLedger, type Ledger } from '../core/ledger.ts';
import type { Certificates } from '../core/ports/certificates.ts';
import type { Fleet } from '../core/ports/fleet.ts';
import type { Log } from '../core/ports/log.ts';
import type { Partners } from '../core/ports/partners.ts';
import type { Queue } from '../core/ports/queue.ts';
import type { Room } from '../core/ports/room.ts';
import type { Scanner } from '../core/ports/scanner.ts';
import type { Store } from '../core/ports/store.ts';
import type { Target } from '../core/ports/target.ts';
import type { TicketKeys } from '../core/ports/ticket-keys.ts';
import type { TargetSpec } from '../core/target-spec.ts';
import { createLocalFleet } from './fleet/local.ts';
import { forSetting } from './for-setting.ts';
import { openPartnersFolder } from './partners/folder.ts';
import { openSqliteQueue } from './queue/sqlite/queue.ts';
import type { SqsQueue } from './queue/sqs/queue.ts';
import { createClamdScanner } from './scanner/clamd.ts';
import { startOwnClamd } from './scanner/own-clamd.ts';
import { diskRoom } from './store/disk/room.ts';
import { openDiskStore } from './store/disk/store.ts';
import { openTarget } from './target/open-target.ts';
import { openCertificatesFolder } from './tls/certificates-folder.ts';
import { openTicketKeysFile } from './tls/ticket-keys-file.ts';

/**
 * The only switch: which engine stands behind each port, by the scheme of the setting's URL. An engine that brings an
 * SDK is loaded when it is chosen, and not before.
 */

const pathIn = (url: string): string => url.slice(url.indexOf(':') + 1);

const stores: Record<string, (url: string, log: Log) => Promise<Store>> = {
  file: (url) => openDiskStore({ root: pathIn(url) }),
  s3: async (url, log) => {
    const [{ openS3Store }, { parseS3Url }] = await Promise.all([
      import('./store/s3/store.ts'),
      import('./store/s3/url.ts'),
    ]);
    return openS3Store({ ...parseS3Url(url), log });
  },
};

const rooms: Record<string, (url: string) => Room> = {
  file: (url) => diskRoom(pathIn(url)),
  // A bucket has no end that it tells of.
  s3: () => async () => undefined,
};

const queues: Record<string, (url: string, log: Log) => Promise<Queue>> = {
  sqlite: (url) => openSqliteQueue({ file: pathIn(url) }),
  sqs: openSqs,
  redis: openRedisQueue,
  rediss: openRedisQueue,
};

async function openSqs(url: string): Promise<SqsQueue> {
  const [{ openSqsQueue }, { parseSqsUrl }] = await Promise.all([
    import('./queue/sqs/queue.ts'),
    import('./queue/sqs/url.ts'),
  ]);
  return openSqsQueue(parseSqsUrl(url));
}

async function openRedisQueue(url: string, log: Log): Promise<Queue> {
  const [{ openBullmqQueue }, { parseRedisUrl }] = await Promise.all([
    import('./queue/bullmq/queue.ts'),
    import('./redis/url.ts'),
  ]);
  return openBullmqQueue({ ...parseRedisUrl(url), log });
}

const fleets: Record<string, (config: Config, log: Log) => Fleet | Promise<Fleet>> = {
  local: () => createLocalFleet(),
  redis: openRedisFleet,
  rediss: openRedisFleet,
};

async function openRedisFleet(config: Config, log: Log): Promise<Fleet> {
  const [{ createRedisFleet }, { parseRedisUrl }] = await Promise.all([
    import('./fleet/redis.ts'),
    import('./redis/url.ts'),
  ]);
  const passivePorts = config.LANDFALL_FTP_PASSIVE_PORTS;
  return createRedisFleet({ ...parseRedisUrl(config.LANDFALL_FLEET), passivePorts, log });
}

/** The schemes were checked when the configuration was read. */
const choose = <Open>(rows: Record<string, Open>, url: string): Open => rows[url.slice(0, url.indexOf(':'))]!;

/** What every program of Landfall needs. */
export interface Ports {
  readonly store: Store;
  readonly room: Room;
  readonly queue: Queue;
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly partners: Partners;
  readonly target: (spec: TargetSpec) => Target;
  close(): Promise<void>;
}

export const choosePorts = (config: Config, log: Log): Promise<Ports> =>
  openPorts(config, log, () => choose(queues, config.LANDFALL_QUEUE)(config.LANDFALL_QUEUE, log));

/** On AWS Lambda messages are received by Lambda; `adopt` takes them over. */
export interface LambdaPorts extends Ports {
  readonly adopt: SqsQueue['adopt'];
}

export async function chooseLambdaPorts(config: Config, log: Log): Promise<LambdaPorts> {
  const url = config.LANDFALL_QUEUE;
  if (!url.startsWith('sqs:'))
    throw new ConfigError([`LANDFALL_QUEUE: must start with sqs: on Lambda (it is "${url}")`]);
  const queue = await forSetting('LANDFALL_QUEUE', log, () => openSqs(url));
  return { ...(await openPorts(config, log, async () => queue)), adopt: queue.adopt };
}

async function openPorts(config: Config, log: Log, openQueue: () => Promise<Queue>): Promise<Ports> {
  const { LANDFALL_PARTNERS, LANDFALL_STORE, LANDFALL_FLEET } = config;
  const partners = await forSetting('LANDFALL_PARTNERS', log, () =>
    openPartnersFolder({ folder: LANDFALL_PARTNERS, log }),
  );
  const store = await forSetting('LANDFALL_STORE', log, () =>
    choose(stores, LANDFALL_STORE)(LANDFALL_STORE, log),
  );
  const queue = await forSetting('LANDFALL_QUEUE', log, openQueue);
  const fleet = await forSetting('LANDFALL_FLEET', log, () => choose(fleets, LANDFALL_FLEET)(config, log));
  return {
    store,
    room: choose(rooms, LANDFALL_STORE)(LANDFALL_STORE),
    queue,
    fleet,
    partners,
    ledger: createLedger(store),
    target: (spec) => openTarget(spec, { objects: store.objects }),
    async close() {
      for (const port of [partners, fleet, queue, store]) await port.close();
    },
  };
}

export interface ChosenTls {
  readonly certificates: Certificates;
  readonly ticketKeys: TicketKeys;
}

/** What listeners speak TLS with; undefined where no certificates are set. Throws when one of them cannot be used. */
export async function chooseTls(config: Config, fleet: Fleet, log: Log): Promise<ChosenTls | undefined> {
  const { LANDFALL_TLS_CERTIFICATES: folder, LANDFALL_TLS_TICKET_KEYS: file } = config;
  if (folder === '') {
    if (config.LANDFALL_FTPS_PORT === 0) return undefined;
    throw new ConfigError(['LANDFALL_FTPS_PORT: needs certificates (LANDFALL_TLS_CERTIFICATES)']);
  }
  const ofFile = () => openTicketKeysFile(file, log);
  const ticketKeys =
    file === '' ? fleet.ticketKeys : await forSetting('LANDFALL_TLS_TICKET_KEYS', log, ofFile);
  const certificates = await forSetting('LANDFALL_TLS_CERTIFICATES', log, () =>
    openCertificatesFolder({ folder, log }),
  );
  return { ticketKeys, certificates };
}

export interface ChosenScanner {
  readonly scanner: Scanner;
  /** Its signatures are for tests only: no real virus is found. */
  readonly testSignatures: boolean;
  stop(): Promise<void>;
}

/** `clamd:own`, `clamd:HOST:PORT`, `clamd:/path/of/socket`; none for a process that has no workers. */
export async function chooseScanner(config: Config, log: Log): Promise<ChosenScanner> {
  if (config.LANDFALL_WORKERS === 0)
    return { scanner: absentScanner, testSignatures: false, stop: nothingToStop };
  const place = config.LANDFALL_SCANNER.slice('clamd:'.length);
  if (place === 'own') {
    const folder = join(config.LANDFALL_DATA, 'clamav');
    const own = await forSetting('LANDFALL_SCANNER', log, () =>
      startOwnClamd({ folder, signatures: config.LANDFALL_SIGNATURES, log }),
    );
    if (own.testSignatures)
      log.warn({}, 'the virus scanner has test signatures only: run freshclam to find real viruses');
    return own;
  }
  const [, host, port] = /^(?:\[(.+)\]|([^:/]+)):(\d+)$/.exec(place)?.filter(Boolean) ?? [];
  const scanner = createClamdScanner(host && port ? { host, port: Number(port) } : { path: place });
  scanner.version().catch((thrown: unknown) => {
    const { reason } = Fault.from(thrown);
    log.warn({ reason }, 'the virus scanner does not answer yet: what must be scanned is held');
  });
  return { scanner, testSignatures: false, stop: nothingToStop };
}

const nothingToStop = async (): Promise<void> => undefined;

const noWorkers = async (): Promise<never> => {
  throw new Fault('scanner-down', 'this process has no workers, and no scanner for them');
};
const absentScanner: Scanner = { scan: noWorkers, version: noWorkers };
