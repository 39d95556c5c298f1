import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { Fault } from '../../core/fault.ts';
import { type Feed, unclaimedFeed } from '../../core/partner.ts';
import type { TargetDelivery } from '../../core/ports/target.ts';
import type { StagePorts } from '../../core/stage.ts';
import { deliver } from '../../workers/deliver/deliver.ts';
import { aPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const partner = aPartner();
const feed: Feed = {
  ...unclaimedFeed,
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
  const ports = {
    store,
    target: (spec) => ({
      async deliver(delivery) {
        if (fault) throw fault;
        deliveries.push(delivery);
        return { place: `${spec.name}:1` };
      },
    }),
  } as Pick<StagePorts, 'store' | 'target'> as StagePorts;
  const run = (target?: string) => deliver({ arrival, partner, feed, target, signal }, ports);
  return { store, arrival, deliveries, run };
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
