import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../core/fault.ts';
import { type Feed, unclaimedFeed } from '../../core/feed.ts';
import { createLedger, type StageRecord } from '../../core/ledger.ts';
import type { TargetDelivery } from '../../core/ports/target.ts';
import type { StagePorts } from '../../core/stage.ts';
import { deliver } from '../../workers/deliver/deliver.ts';
import { aPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const partner = aPartner();
const feed: Feed = {
  ...unclaimedFeed,
  scan: 'off',
  deliver: [{ to: 'folder', name: 'erp', path: 'out', existing: 'replace' }],
};
const { signal } = new AbortController();

async function setUp(fault?: Fault) {
  const store = createMemoryStore();
  const arrival = anArrival();
  const upload = await store.uploads.begin(arrival.key, arrival.id);
  await upload.write(Buffer.from('hello'));
  await upload.seal();
  await upload.publish();
  const deliveries: TargetDelivery[] = [];
  const ledger = createLedger(store);
  const scanned = (details: Record<string, unknown>, result: StageRecord['result'] = 'passed') => {
    const { id: of, run: inRun } = arrival;
    const at = new Date().toISOString();
    const record = { arrival: of, run: inRun, stage: 'scan', result, at, details } as const;
    return ledger.finish({ ...record, reasons: [], tookMs: 1, next: [] });
  };
  const ports = {
    store,
    ledger,
    target: (spec) => ({
      async deliver(delivery) {
        if (fault) throw fault;
        deliveries.push(delivery);
        return { place: `${spec.name}:1` };
      },
    }),
  } as Pick<StagePorts, 'store' | 'ledger' | 'target'> as StagePorts;
  const run = (target?: string, rules = feed) =>
    deliver({ arrival, partner, feed: rules, target, signal }, ports);
  return { store, arrival, deliveries, scanned, run };
}

test("gives the arrival's own bytes to the target, though it was replaced", async () => {
  const { store, arrival, deliveries, run } = await setUp();
  await store.objects.put(arrival.key, Buffer.from('newer'));
  expect(await run('erp')).toEqual({ result: 'delivered', details: { place: 'erp:1' } });
  for (const _ of [1, 2]) {
    expect(Buffer.concat(await Array.fromAsync(deliveries[0]!.bytes())).toString()).toBe('hello');
  }
});

test('every attempt has the same id, every run another', async () => {
  const { arrival, deliveries, run } = await setUp();
  await run('erp');
  await run('erp');
  expect(deliveries.map(({ deliveryId }) => deliveryId)).toEqual([
    `${arrival.id}-1-erp`,
    `${arrival.id}-1-erp`,
  ]);
});

test.each(['target-down', 'target-refused'] as const)('%s is thrown as it is', async (code) => {
  const { run } = await setUp(new Fault(code, 'why'));
  await expect(run('erp')).rejects.toThrow(expect.objectContaining({ code, detail: 'why' }));
});

test.each(['gone', undefined])('target %s is not found, by its name', async (target) => {
  const { run } = await setUp();
  await expect(run(target)).rejects.toThrow(`feed "unclaimed" has no target "${target ?? ''}" any more`);
});

describe('a feed that demands scanning', () => {
  const strict: Feed = { ...feed, scan: 'required' };

  test('gets nothing out that no scanner has passed in this run', async () => {
    const { deliveries, run } = await setUp();
    await expect(run('erp', strict)).rejects.toThrow(expect.objectContaining({ code: 'not-permitted' }));
    expect(deliveries).toEqual([]);
  });

  test.each([
    ['that was passed on without a scan', {}, 'passed'],
    ['that was infected', { scanner: 'ClamAV' }, 'quarantined'],
  ] as const)('gets nothing out %s', async (_, details, result) => {
    const { deliveries, scanned, run } = await setUp();
    await scanned(details, result);
    await expect(run('erp', strict)).rejects.toThrow(expect.objectContaining({ code: 'not-permitted' }));
    expect(deliveries).toEqual([]);
  });

  test('has what was scanned delivered', async () => {
    const { scanned, run } = await setUp();
    await scanned({ scanner: 'ClamAV' });
    expect(await run('erp', strict)).toMatchObject({ result: 'delivered' });
  });
});
