import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { openTarget } from '../../adapters/target/open-target.ts';
import { Fault } from '../../core/fault.ts';
import { readWhole } from '../../core/read-whole.ts';
import type { TargetSpec } from '../../core/target-spec.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { deliver, type Existing, targetContract } from './target-contract.ts';

const spec = (prefix: string, existing: Existing): TargetSpec => ({
  to: 'store',
  name: 'archive',
  prefix,
  existing,
});

async function publish(store: MemoryStore, arrival: { id: string; key: string }, bytes: Buffer) {
  const upload = await store.uploads.begin(arrival.key, arrival.id);
  await upload.write(bytes);
  await upload.seal();
  await upload.publish({ replace: true });
}

targetContract('store prefix', async () => {
  const store = createMemoryStore();
  return {
    put: (arrival, bytes) => publish(store, arrival, bytes),
    target: (existing) => openTarget(spec('archive/{partner}', existing), store),
    async delivered() {
      const found: Record<string, Buffer> = {};
      if (!(await store.folders.head('archive/acme'))) return found;
      for await (const { name } of store.folders.list('archive/acme')) {
        found[name] = await readWhole(store.objects, `archive/acme/${name}`, 100_000);
      }
      return found;
    },
    remove: () => store.close(),
  };
});

test('placeholders are filled in for each arrival, which may have been replaced since', async () => {
  const store = createMemoryStore();
  const arrival = anArrival();
  await publish(store, arrival, Buffer.from('mine'));
  await publish(store, anArrival(), Buffer.from('newer'));
  const target = openTarget(spec('a/{partner}/{feed}/{date}/{arrival}', 'refuse'), store);
  const { place } = await deliver(target, arrival, Buffer.alloc(0));
  expect(place).toBe(`a/acme/orders/2026-11-25/${arrival.id}/po.x12`);
  expect((await readWhole(store.objects, place, 100)).toString()).toBe('mine');
});

test('a copy under its own name is found again, though the other file has gone', async () => {
  const store = createMemoryStore();
  const arrival = anArrival();
  await store.objects.put('archive/po.x12', Buffer.from('other'));
  await publish(store, arrival, Buffer.from('mine'));
  const target = openTarget(spec('archive', 'keep-both'), store);
  const { place } = await deliver(target, arrival, Buffer.alloc(0));
  await store.objects.remove('archive/po.x12');
  expect(await deliver(target, arrival, Buffer.alloc(0))).toEqual({ place });
  expect(await store.objects.head('archive/po.x12')).toBeUndefined();
});

test("the store's own faults are not the target's; keys have an end", async () => {
  const store = createMemoryStore();
  const arrival = anArrival();
  await publish(store, arrival, Buffer.from('x'));
  store.onStep = () => {
    throw new Fault('store-full');
  };
  const code = (expected: string) => expect.objectContaining({ code: expected });
  const at = (prefix: string) => deliver(openTarget(spec(prefix, 'refuse'), store), arrival, Buffer.alloc(0));
  await expect(at('archive')).rejects.toThrow(code('store-full'));
  await expect(at('x'.repeat(1020))).rejects.toThrow(code('target-refused'));
});
