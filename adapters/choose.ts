import { join } from 'node:path';
import type { Config } from '../core/config.ts';
import { createLedger, type Ledger } from '../core/ledger.ts';
import type { TargetSpec } from '../core/partner.ts';
import type { Fleet } from '../core/ports/fleet.ts';
import type { Log } from '../core/ports/log.ts';
import type { Partners } from '../core/ports/partners.ts';
import type { Queue } from '../core/ports/queue.ts';
import type { Scanner } from '../core/ports/scanner.ts';
import type { Store } from '../core/ports/store.ts';
import type { Target } from '../core/ports/target.ts';
import { createLocalFleet } from './fleet/local.ts';
import { openPartnersFolder } from './partners/folder.ts';
import { openSqliteQueue } from './queue/sqlite/queue.ts';
import { createClamdScanner } from './scanner/clamd.ts';
import { startOwnClamd } from './scanner/own-clamd.ts';
import { openDiskStore } from './store/disk/store.ts';
import { openTarget } from './target/open-target.ts';

/** The only switch: which engine stands behind each port, by the scheme of the setting's URL. */

const stores: Record<string, (place: string) => Promise<Store>> = {
  file: (root) => openDiskStore({ root }),
};

const queues: Record<string, (place: string) => Promise<Queue>> = {
  sqlite: (file) => openSqliteQueue({ file }),
};

const fleets: Record<string, () => Fleet> = {
  local: createLocalFleet,
};

/** The row of an URL's scheme with what follows it. The schemes were checked when the configuration was read. */
function choose<Open>(rows: Record<string, Open>, url: string): { open: Open; place: string } {
  const colon = url.indexOf(':');
  return { open: rows[url.slice(0, colon)]!, place: url.slice(colon + 1) };
}

/** What every program of Landfall needs. */
export interface Ports {
  readonly store: Store;
  readonly queue: Queue;
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly partners: Partners;
  readonly target: (spec: TargetSpec) => Target;
  close(): Promise<void>;
}

export async function choosePorts(config: Config, log: Log): Promise<Ports> {
  const partners = await openPartnersFolder({ folder: config.LANDFALL_PARTNERS, log });
  const chosenStore = choose(stores, config.LANDFALL_STORE);
  const store = await chosenStore.open(chosenStore.place);
  const chosenQueue = choose(queues, config.LANDFALL_QUEUE);
  const queue = await chosenQueue.open(chosenQueue.place);
  const fleet = choose(fleets, config.LANDFALL_FLEET).open();
  return {
    store,
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

export interface ChosenScanner {
  readonly scanner: Scanner;
  /** Its signatures are for tests only: no real virus is found. */
  readonly testSignatures: boolean;
  stop(): Promise<void>;
}

/** `clamd:own`, `clamd:HOST:PORT`, `clamd:/path/of/socket`. */
export async function chooseScanner(config: Config, log: Log): Promise<ChosenScanner> {
  const place = config.LANDFALL_SCANNER.slice('clamd:'.length);
  if (place === 'own') {
    const folder = join(config.LANDFALL_DATA, 'clamav');
    return startOwnClamd({ folder, signatures: config.LANDFALL_SIGNATURES, log });
  }
  const [, host, port] = /^(?:\[(.+)\]|([^:/]+)):(\d+)$/.exec(place)?.filter(Boolean) ?? [];
  const scanner = createClamdScanner(host && port ? { host, port: Number(port) } : { path: place });
  return { scanner, testSignatures: false, stop: async () => undefined };
}
