import { beforeEach, describe, expect, test } from 'vitest';
import { arrivalTime, newArrivalId } from '../../core/arrival.ts';
import { createLedger, type Ledger, type StageRecord } from '../../core/ledger.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

let store: MemoryStore;
let ledger: Ledger;
beforeEach(() => {
  store = createMemoryStore();
  ledger = createLedger(store);
});

const recordOf = (arrival: string, known: Partial<StageRecord> = {}): StageRecord => ({
  arrival,
  run: 1,
  stage: 'scan',
  result: 'passed',
  reasons: [],
  at: '2026-11-25T10:00:00.000Z',
  tookMs: 1,
  details: {},
  next: [],
  ...known,
});

describe('ledger', () => {
  test('of many that finish a stage one is first, and all answer its record', async () => {
    const { id } = anArrival();
    const records = [1, 2, 3, 4].map((tookMs) => recordOf(id, { tookMs }));
    const answers = await Promise.all(records.map((record) => ledger.finish(record)));
    expect(new Set(answers.map(({ tookMs }) => tookMs)).size).toBe(1);
    expect(await ledger.stage({ arrival: id, run: 1, stage: 'scan' })).toEqual(answers[0]);
  });

  test.each([
    ['received', '{"id": '],
    ['1-scan', '{"arrival": "another kind of record"}'],
  ])('a record that is damaged is named: %s.json with %s', async (name, text) => {
    const arrival = anArrival();
    await ledger.stored(arrival);
    const day = arrivalTime(arrival.id).toISOString().slice(0, 10);
    const key = `ledger/${day}/${arrival.id}/${name}.json`;
    await store.objects.put(key, new TextEncoder().encode(text));
    await expect(ledger.timeline(arrival.id)).rejects.toMatchObject({
      code: 'internal',
      detail: `${key} is no record of the ledger`,
    });
  });

  test('runs, stages, targets and notes do not meet', async () => {
    const arrival = anArrival();
    await ledger.received(arrival);
    const records = [
      recordOf(arrival.id),
      recordOf(arrival.id, { run: 2 }),
      recordOf(arrival.id, { stage: 'route', result: 'routed' }),
      recordOf(arrival.id, { stage: 'deliver', target: 'a', result: 'delivered' }),
      recordOf(arrival.id, { stage: 'deliver', target: 'b', result: 'delivered' }),
    ];
    for (const record of records) expect(await ledger.finish(record)).toEqual(record);
    const held = recordOf(arrival.id, { result: 'held' });
    expect([await ledger.note(held), await ledger.note(held)]).toEqual([true, false]);
    expect((await ledger.timeline(arrival.id))?.records).toHaveLength(6);
  });

  test.each(['held', 'failed'] as const)(
    'a note of %s is not the record of a target of that name',
    async (result) => {
      const { id } = anArrival();
      await ledger.note(recordOf(id, { stage: 'deliver', target: 'erp', result }));
      const other = { arrival: id, run: 1, stage: 'deliver', target: `erp-${result}` } as const;
      expect(await ledger.stage(other)).toBeUndefined();
      const delivered = recordOf(id, { ...other, result: 'delivered' });
      expect(await ledger.finish(delivered)).toEqual(delivered);
    },
  );

  test('the arrival as received goes before the one as stored; a timeline says which it is', async () => {
    const stored = anArrival({ path: '/in/po.tmp' });
    await ledger.stored(stored);
    expect(await ledger.timeline(stored.id)).toEqual({ arrival: stored, announced: false, records: [] });
    const received = { ...stored, path: '/in/po.x12' };
    await ledger.received(received);
    expect(await ledger.timeline(stored.id)).toEqual({ arrival: received, announced: true, records: [] });
  });

  test('the timeline is in the order of time', async () => {
    const arrival = anArrival();
    await ledger.received(arrival);
    await ledger.finish(
      recordOf(arrival.id, { stage: 'deliver', target: 'a', at: '2026-11-25T10:00:02.000Z' }),
    );
    await ledger.finish(recordOf(arrival.id, { stage: 'validate', at: '2026-11-25T10:00:01.000Z' }));
    expect((await ledger.timeline(arrival.id))?.records.map(({ stage }) => stage)).toEqual([
      'validate',
      'deliver',
    ]);
  });

  test("a day's arrivals in the order they came; none of a day without", async () => {
    const noon = Date.UTC(2026, 10, 25, 12);
    const ids = [noon + 2, noon, noon + 1].map((now) => newArrivalId(now));
    for (const id of ids) await ledger.received(anArrival({ id }));
    await ledger.received(anArrival({ id: newArrivalId(noon + 86_400_000) }));
    await store.objects.put('ledger/2026-11-25/an operator was here', new Uint8Array());
    expect(await ledger.arrivalsOf('2026-11-25')).toEqual([ids[1], ids[2], ids[0]]);
    expect(await ledger.arrivalsOf('2026-11-24')).toEqual([]);
  });

  test.each(['', '../../files/acme/in/x', 'not-an-id', `${newArrivalId()}/..`])(
    '%j is no arrival',
    async (id) => {
      expect(await ledger.arrival(id)).toBeUndefined();
      expect(await ledger.timeline(id)).toBeUndefined();
    },
  );

  test('a claim is the first one who makes it, whatever its name', async () => {
    expect(await ledger.claim('isa', 'A/../B*1', { arrival: 'first' })).toBeUndefined();
    expect(await ledger.claim('isa', 'A/../B*1', { arrival: 'second' })).toEqual({ arrival: 'first' });
    expect(await ledger.claim('isa', 'A/../B*2', { arrival: 'second' })).toBeUndefined();
    expect(await ledger.claim('isa', '..', {})).toBeUndefined();
    for (const key of await keysIn('ledger/claims')) {
      expect(key.split('/')).not.toContain('..');
    }
  });
});

async function keysIn(folder: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { kind, name } of store.folders.list(folder)) {
    keys.push(...(kind === 'file' ? [`${folder}/${name}`] : await keysIn(`${folder}/${name}`)));
  }
  return keys;
}
