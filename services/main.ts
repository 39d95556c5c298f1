import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChosenScanner, choosePorts, chooseScanner, chooseTls, type Ports } from '../adapters/choose.ts';
import { forSetting } from '../adapters/for-setting.ts';
import { createLog, isForPeople } from '../adapters/log/pino-log.ts';
import { createPrometheusMetrics } from '../adapters/metrics/prometheus.ts';
import { addPartnerFile, type NewPartner } from '../adapters/partners/add.ts';
import { endAnyway, runMain } from '../adapters/run-main.ts';
import { createBlockPool } from '../core/buffers.ts';
import { type Config, describeSettings, readConfig } from '../core/config.ts';
import { createDigestThreads } from '../core/digest-threads.ts';
import { createGate } from '../core/gate.ts';
import { openZone } from '../core/open-zone.ts';
import type { Log } from '../core/ports/log.ts';
import { createStoredDigests } from '../core/stored-digests.ts';
import { startStages } from '../workers/start-stages.ts';
import { type FirstPartner, firstPartner, stillHolds } from './first-partner.ts';
import { startFtpListener } from './ftp/listener.ts';
import { createPassiveAddress } from './ftp/passive-address.ts';
import { relayPlace } from './ftp/relay/relay-place.ts';
import { createTlsEnds } from './ftp/tls/contexts.ts';
import { type Health, startHealth } from './health/start.ts';
import { watchPool } from './health/watched.ts';
import { startHousekeeping } from './housekeeping.ts';
import { meteredFleet } from './metered-fleet.ts';
import { meteredGate } from './metered-gate.ts';
import { meteredZone } from './metered-zone.ts';

/** Milliseconds for a TLS handshake, which is two or three round trips. */
const TLS_HANDSHAKE_MS = 20_000;

/** Threads that compute digests: each does more than a gigabyte a second. The first processor is this thread's. */
const MAX_DIGEST_THREADS = 4;

/** The embedded main: the listener, the workers and the housekeeping in one process. */
export interface Landfall {
  /** `implicitPort`: of implicit FTPS, where there is one. */
  readonly ftp: {
    readonly address: string;
    readonly port: number;
    readonly implicitPort?: number | undefined;
  };
  /** Where the health pages are, if there are any. */
  readonly health: Health['place'];
  stop(): Promise<void>;
}

/** Starts everything on ports that are open already; `stop` leaves the ports open. */
export async function start(
  config: Config,
  ports: Ports,
  scanner: ChosenScanner['scanner'],
  log: Log,
): Promise<Landfall> {
  const stopping = new AbortController();
  const { store, room, queue, ledger, partners } = ports;
  const metrics = createPrometheusMetrics();
  const fleet = meteredFleet(ports.fleet, metrics);
  // A fleet that is not where its setting says is told of now, not when the first sender comes.
  await fleet.loginDelayMs({ user: '', address: '' });
  const pool = createBlockPool({
    totalBytes: config.LANDFALL_MEMORY,
    blockBytes: config.LANDFALL_BLOCK_SIZE,
    shared: true,
  });
  watchPool(pool, metrics);
  const digests = createStoredDigests(store, ledger);
  const digestThreads = createDigestThreads(Math.min(availableParallelism() - 1, MAX_DIGEST_THREADS));

  const consumer = startStages(config, { ...ports, scanner, log }, metrics, stopping.signal);
  startHousekeeping(
    store.uploads,
    { uploadsMs: config.LANDFALL_KEEP_UPLOADS, replacedMs: config.LANDFALL_KEEP_REPLACED },
    log,
    stopping.signal,
  );
  const tls = await chooseTls(config, fleet, log);
  const listener = await startFtpListener({
    address: config.LANDFALL_FTP_ADDRESS,
    port: config.LANDFALL_FTP_PORT,
    passive: {
      ...config.LANDFALL_FTP_PASSIVE_PORTS,
      address: createPassiveAddress(config.LANDFALL_FTP_PASSIVE_ADDRESS),
    },
    timeouts: {
      loginMs: config.LANDFALL_FTP_LOGIN_TIMEOUT,
      idleMs: config.LANDFALL_FTP_IDLE_TIMEOUT,
      dataMs: config.LANDFALL_FTP_DATA_TIMEOUT,
      stallMs: config.LANDFALL_FTP_STALL_TIMEOUT,
      transferMs: config.LANDFALL_FTP_TRANSFER_TIMEOUT,
    },
    limits: {
      total: config.LANDFALL_MAX_SESSIONS,
      perAddress: config.LANDFALL_MAX_SESSIONS_PER_ADDRESS,
    },
    proxies: {
      from: config.LANDFALL_PROXY_PROTOCOL_FROM,
      headerMs: config.LANDFALL_PROXY_PROTOCOL_TIMEOUT,
    },
    relay: await relayPlace(config),
    tls: tls && {
      ...createTlsEnds({ ...tls, minVersion: `TLSv${config.LANDFALL_TLS_MIN_VERSION}` }),
      implicitPort: config.LANDFALL_FTPS_PORT || undefined,
      handshakeMs: TLS_HANDSHAKE_MS,
    },
    gate: meteredGate(createGate({ partners, fleet }), metrics),
    openZone: async (partner) => {
      const maxFileSize = config.LANDFALL_MAX_FILE_SIZE;
      const more = { digests, digestThreads, room, maxFileSize };
      const zone = await openZone(partner, { store, queue, ledger, partners, ...more });
      return meteredZone(zone, metrics);
    },
    fleet,
    pool,
    metrics,
    log,
  });
  const health = await startHealth({
    address: config.LANDFALL_HEALTH_ADDRESS,
    port: config.LANDFALL_HEALTH_PORT,
    ports,
    metrics,
    log,
  });

  return {
    ftp: {
      address: config.LANDFALL_FTP_ADDRESS,
      port: listener.port,
      implicitPort: listener.implicitPort,
    },
    health: health.place,
    async stop() {
      health.drain();
      stopping.abort();
      await sleep(config.LANDFALL_DRAIN_DELAY);
      await Promise.all([listener.stop(config.LANDFALL_STOP_TIMEOUT), consumer.done]);
      await tls?.certificates.close();
      await digestThreads.close();
      health.stop();
    },
  };
}

/** What a newcomer needs to know: where to send, as whom, where things land. */
function greeting(config: Config, { ftp, health }: Landfall, first: FirstPartner | undefined): string {
  const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  const host = inUrl(ftp.address);
  const [user, password] = first ? [first.user, first.password] : ['USER', 'PASSWORD'];
  return [
    '',
    `  Landfall takes FTP at ${host}:${ftp.port}`,
    ...(ftp.implicitPort ? [`  and implicit FTPS at ${host}:${ftp.implicitPort}`] : []),
    ...(first ? [`  as user ${user} with password ${password}, a partner made to try it with`] : []),
    '',
    `  Send a file      curl -T FILE ftp://${user}:${password}@${host}:${ftp.port}/in/`,
    ...(first ? [`  It lands in      ${config.LANDFALL_DATA}/delivered/`] : []),
    `  Partners         ${config.LANDFALL_PARTNERS}/*.yaml`,
    '  Timelines        npm run landfall -- arrivals list',
    ...(health ? [`  Health           http://${inUrl(health.address)}:${health.port}/readyz`] : []),
    '',
    '',
  ].join('\n');
}

const HELP = `Landfall takes partners' files by FTP, validates, scans and delivers them.

  npm start                     start it
  npm run landfall -- --help    look after partners, files and dead letters

Settings, read from the environment, with their defaults:

${describeSettings()}
`;

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  const config = readConfig(process.env);
  const log = createLog(config);
  const { LANDFALL_DATA: dataFolder, LANDFALL_PARTNERS: partnersFolder } = config;
  const add = (partner: NewPartner) => addPartnerFile(partnersFolder, partner);
  const made = await forSetting('LANDFALL_PARTNERS', log, () =>
    firstPartner({ partnersFolder, dataFolder, add }),
  );
  const ports = await choosePorts(config, log);
  const first = made && (await stillHolds(made, ports.partners)) ? made : undefined;
  const { scanner, testSignatures, stop: stopScanner } = await chooseScanner(config, log);
  const landfall = await start(config, ports, scanner, log);

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    // A second signal ends the process at once.
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    const withinMs = config.LANDFALL_DRAIN_DELAY + config.LANDFALL_STOP_TIMEOUT;
    log.info({ signal, withinMs }, 'stopping; a second signal ends it at once');
    await landfall.stop();
    await stopScanner();
    await ports.close();
    log.info({}, 'stopped');
    endAnyway();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);

  if (isForPeople(config)) process.stdout.write(greeting(config, landfall, first));
  else {
    const { ftp, health } = landfall;
    log.info({ event: 'ready', ftp, health, pid: process.pid, testSignatures }, 'ready');
    if (first) {
      const { user, passwordFile } = first;
      log.info({ user, passwordFile }, 'there is a partner to try it with');
    }
  }
}

if (import.meta.main) await runMain(main);
