import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import type { Arrival } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import type { Scanner, Verdict } from '../../core/ports/scanner.ts';
import type { Store } from '../../core/ports/store.ts';
import { readWhole } from '../../core/read-whole.ts';
import type { StagePorts, Work } from '../../core/stage.ts';
import { scan } from '../../workers/scan/scan.ts';
import { aPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';

let folder: string;
let store: Store;
let arrival: Arrival;
let seen: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scan-'));
  store = await openDiskStore({ root: folder });
  arrival = anArrival();
  await upload(arrival, 'bytes');
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function upload({ key, id }: Arrival, text: string): Promise<void> {
  const landing = await store.uploads.begin(key, id);
  await landing.write(Buffer.from(text));
  await landing.seal();
  await landing.publish({ replace: true });
}

const infected: Verdict = { kind: 'infected', signature: 'Some.Virus' };

function run(verdict: Verdict | Fault, feed: Record<string, unknown> = {}) {
  const scanner: Scanner = {
    async scan(bytes) {
      seen = '';
      for await (const chunk of bytes) seen += chunk.toString();
      if (verdict instanceof Fault) throw verdict;
      return verdict;
    },
    version: async () => 'ClamAV 1/2',
  };
  const partner = aPartner({ feeds: [{ name: 'orders', path: '/in/*', ...feed }] });
  const work: Work = { arrival, partner, feed: partner.feeds[0]!, signal: new AbortController().signal };
  return scan(work, { store, scanner } as StagePorts);
}

const place = () => `quarantine/${arrival.id}/po.x12`;
const reportPath = () => `files/acme/out/po.x12.${arrival.id.slice(-12)}.scan.txt`;
const textAt = async (key: string) => (await readWhole(store.objects, key, 1000)).toString();

test('a clean file goes on, without a word to its sender', async () => {
  expect(await run({ kind: 'clean' })).toEqual({
    result: 'passed',
    details: { scanner: 'ClamAV 1/2' },
    next: [{ stage: 'route' }],
  });
  expect(seen).toBe('bytes');
  expect(await store.objects.head(arrival.key)).toBeDefined();
  expect(await store.objects.head(reportPath())).toBeUndefined();
});

test.each([
  [infected, 'infected', 'Some.Virus was found in it'],
  [
    { kind: 'unscannable', reason: 'it is encrypted' },
    'unscannable',
    'it cannot be scanned: it is encrypted',
  ],
] as const)('%o is quarantined, and its sender told why', async (verdict, code, message) => {
  const outcome = await run(verdict);
  expect(outcome).toMatchObject({ result: 'quarantined', reasons: [{ code, message }] });
  expect(outcome.next).toBeUndefined();
  expect(outcome.details).toMatchObject({ place: place(), report: reportPath().slice('files/acme'.length) });
  expect(await store.objects.head(arrival.key)).toBeUndefined();
  expect(await textAt(place())).toBe('bytes');
  expect(await textAt(reportPath())).toContain(message);
});

test('a scanner without a verdict holds the file where it is', async () => {
  await expect(run(new Fault('scanner-down'))).rejects.toMatchObject({ code: 'scanner-down' });
  expect(await textAt(arrival.key)).toBe('bytes');
  expect(await store.objects.head(place())).toBeUndefined();
});

test('done again after a crash before its record, it comes to the same', async () => {
  const first = await run(infected);
  expect(await run(infected)).toEqual(first);
  expect(await textAt(place())).toBe('bytes');
});

test('what the partner has uploaded in its place since stays', async () => {
  await upload({ ...anArrival(), key: arrival.key }, 'newer');
  await run(infected);
  expect(seen).toBe('bytes');
  expect(await textAt(arrival.key)).toBe('newer');
  expect(await textAt(place())).toBe('bytes');
});

test('a store that fails to take it out of reach is asked again, not got round', async () => {
  const { objects } = store;
  const rename = () => Promise.reject(new Fault('store-down'));
  store = { ...store, objects: { ...objects, rename } };
  await expect(run(infected)).rejects.toMatchObject({ code: 'store-down' });
  expect(await objects.head(place())).toBeUndefined();
});

test('what the partner has removed since is quarantined all the same', async () => {
  await store.objects.remove(arrival.key);
  await run(infected);
  expect(await textAt(place())).toBe('bytes');
});

test('the feed says whether there are reports, and whether there is a scan', async () => {
  await run({ kind: 'clean' }, { acknowledge: { report: 'always', folder: '/' } });
  expect(await textAt(`files/acme/po.x12.${arrival.id.slice(-12)}.scan.txt`)).toContain(
    'nothing was found in it',
  );
  await run(infected, { acknowledge: { report: 'never' } });
  expect(await store.objects.head(reportPath())).toBeUndefined();
  expect(await run(infected, { scan: 'off' })).toEqual({ result: 'passed', next: [{ stage: 'route' }] });
});

test('the name of a report fits, whatever the name of its file', async () => {
  const name = 'ä'.repeat(127);
  arrival = anArrival({ key: `files/acme/in/${name}`, path: `/in/${name}` });
  await upload(arrival, 'bytes');
  const { details } = await run(infected);
  expect(await textAt(`files/acme${details?.report}`)).toContain('Some.Virus');
});
