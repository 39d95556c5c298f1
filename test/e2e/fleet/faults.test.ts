import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LISTENERS, type PrivateFault } from '../../support/network/network.ts';
import { NETWORK_NAME, noKernelBalancer } from '../../support/network/open-network.ts';
import { PATIENCE } from '../../support/patience.ts';
import { createAttempts } from '../crash/attempts.ts';
import { type FeedingFleet, startFeedingFleet } from './feeding-fleet.ts';
import { startLoad } from './load.ts';
import { showWarningsOfFailure } from './warnings.ts';

/** One upload after another, by a client that tries each only once. */
const PROBES = 6;
/** In which each of them is over: while the fault lasts, and when it is gone. */
const PROBE_SECONDS = { during: 15, after: 90 };
type When = keyof typeof PROBE_SECONDS;
/** How long the balancer goes on to send connections to a listener that is dead. */
const NOTICED_AFTER_MS = 1_000;
const LONG = { timeout: 900_000 };

/** Of all faults: what has landed stays where it is. */
const attempts = createAttempts();

let fleet: FeedingFleet;
beforeAll(async () => {
  fleet = await startFeedingFleet({ LANDFALL_FTP_DATA_TIMEOUT: '10 s' });
});
afterAll(() => fleet?.stop());

interface FaultRow {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

const relayIs = (fault: PrivateFault): FaultRow => ({
  name: `the network between listeners is ${fault}`,
  begin: () => fleet.network.disturb(fault, fleet.ports.relay),
  end: () => fleet.network.disturb('none', fleet.ports.relay),
});

const rows: readonly FaultRow[] = [
  {
    name: 'a listener is killed',
    async begin() {
      await fleet.listeners[0]!.kill();
      await sleep(NOTICED_AFTER_MS);
      await fleet.network.balance([1, 2]);
    },
    async end() {
      await fleet.start(0);
      await fleet.network.balance([0, 1, 2]);
    },
  },
  { name: 'Redis is killed', begin: () => fleet.redis.kill(), end: () => fleet.redis.start() },
  relayIs('cut'),
  relayIs('slow'),
  relayIs('lossy'),
];

/** On loopback addresses the network between listeners cannot be disturbed. */
const needsNamespaces = ({ name }: FaultRow): boolean =>
  noKernelBalancer !== undefined && name.includes('network');

describe(`what is acknowledged is kept, and clients see, ${NETWORK_NAME}, while`, () => {
  for (const row of rows) it.skipIf(needsNamespaces(row))(row.name, LONG, () => see(row));
});

async function see({ name, begin, end }: FaultRow): Promise<void> {
  showWarningsOfFailure(fleet);
  const load = startLoad(fleet, attempts, name.replaceAll(/\W+/g, '-'));
  await sleep(500);
  const fault = begin();
  const during = await probe(name, 'during');
  await fault;
  await end();
  const up = 'landfall_part_state{part="fleet",state="up"}';
  await vi.waitUntil(async () => (await fleet.count(up)) === LISTENERS, PATIENCE);
  const after = await probe(name, 'after');
  await load.end();
  console.log(`${name}: ${inWords(during)}; after it: ${inWords(after)}; ${load.done} files under load`);
  expect([...after.keys()]).toEqual(['stored']);
  expect([...load.troubles, ...(await fleet.problems(attempts))]).toEqual([]);
}

/** What became of the uploads, each with how often. */
async function probe(name: string, when: When): Promise<Map<string, number>> {
  const what = `${name} ${when}`;
  const seen = new Map<string, number>();
  const local = join(fleet.data.path, 'probe');
  await writeFile(local, what);
  const { host, port, user, password } = fleet.door();
  for (let number = 0; number < PROBES; number += 1) {
    // A temporary name, which is announced to nobody.
    const url = `ftp://${host}:${port}/probes/${encodeURIComponent(what)}-${number}.part`;
    const args = [
      ...['--disable', '--silent', '--show-error'],
      ...['--connect-timeout', String(PROBE_SECONDS[when] / 3), '-m', String(PROBE_SECONDS[when])],
      '--user',
      `${user}:${password}`,
      '--ftp-create-dirs',
      '--upload-file',
      local,
      url,
    ];
    const end = await fleet.run(fleet.network.clients[1]!, { command: 'curl', args }).done.then(
      () => 'stored',
      (thrown: Error) =>
        /curl: \(\d+\) .*/.exec(thrown.message)?.[0].replace(/ \d+ ms|:\d+| \d+ milli.*/g, '') ??
        thrown.message,
    );
    seen.set(end, (seen.get(end) ?? 0) + 1);
  }
  return seen;
}

const inWords = (seen: Map<string, number>): string =>
  [...seen].map(([end, count]) => `${count} x ${end}`).join(', ');
