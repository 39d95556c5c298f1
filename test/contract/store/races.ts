import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { Open } from '../store-contract.ts';
import { expectFault, newKey, publish, race, text } from './given.ts';

const RACERS = 10;
const ROUNDS = 5;

/** What a racer does before the race, and the step that exactly one may win. */
const races: Record<string, (store: Store, key: string, racer: number) => Promise<() => Promise<unknown>>> = {
  put: async (store, key, racer) => () => store.objects.put(key, Buffer.from(`${racer}`), { ifAbsent: true }),
  publish: async (store, key, racer) => {
    const upload = await store.uploads.begin(key, newArrivalId());
    await upload.write(Buffer.from(`${racer}`));
    await upload.seal();
    return async () => {
      await upload.publish().catch(async (thrown: unknown) => {
        await upload.abort();
        throw thrown;
      });
    };
  },
  'rename of what was published': async (store, key, racer) => {
    await publish(store, `${key}-${racer}`, `${racer}`);
    return () => store.objects.rename(`${key}-${racer}`, key);
  },
  'rename of what was put': async (store, key, racer) => {
    await store.objects.put(`${key}-${racer}`, Buffer.from(`${racer}`));
    return () => store.objects.rename(`${key}-${racer}`, key);
  },
  copy: async (store, key, racer) => {
    await publish(store, `${key}-${racer}`, `${racer}`);
    return () => store.objects.copy(`${key}-${racer}`, key);
  },
};

export function racesContract(open: Open): void {
  it.each(Object.entries(races))('has one winner of a race to %s', async (_name, enter) => {
    const { store, peer } = open();
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = newKey();
      const racers: (() => Promise<unknown>)[] = [];
      for (let racer = 0; racer < RACERS; racer += 1) {
        racers.push(await enter([store, peer][racer % 2]!, key, racer));
      }
      const { winners, faults } = await race(racers);
      expect(winners).toHaveLength(1);
      expect(faults).toEqual(Array(RACERS - 1).fill('exists'));
      expect(await text(store, key)).toBe(`${winners[0]}`);
    }
  });

  it('has one winner of a race to move one object', async () => {
    const { store, peer } = open();
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = newKey();
      const arrival = await publish(store, key, 'bytes');
      const targets = Array.from({ length: RACERS }, (_, racer) => `${key}-${racer}`);
      const move = (target: string, racer: number) => () =>
        [store, peer][racer % 2]!.objects.rename(key, target, { arrival });
      const { winners, faults } = await race(targets.map(move));
      expect(winners).toHaveLength(1);
      expect(faults).toEqual(Array(RACERS - 1).fill('not-found'));
      for (const [racer, target] of targets.entries()) {
        expect((await store.objects.head(target)) !== undefined).toBe(racer === winners[0]);
      }
    }
  });

  it('loses nothing when one move is asked for several times at once', async () => {
    const { store, peer } = open();
    for (const replace of [false, true]) {
      const [from, to] = [newKey(), newKey()];
      const arrival = await publish(store, from, 'bytes');
      const move = (racer: number) => () =>
        [store, peer][racer % 2]!.objects.rename(from, to, { replace, arrival });
      const { winners } = await race(Array.from({ length: RACERS }, (_, racer) => move(racer)));
      expect(winners).toHaveLength(1);
      expect(await text(peer, to)).toBe('bytes');
      expect(await text(peer, to, arrival)).toBe('bytes');
      expect(await store.objects.head(from)).toBeUndefined();
    }
  });

  it('has one winner of a race to make one folder, and of one to move one there', async () => {
    const { store, peer } = open();
    const make = newKey();
    const made = await race(
      Array.from({ length: RACERS }, (_, racer) => () => [store, peer][racer % 2]!.folders.make(make)),
    );
    expect(made.winners).toHaveLength(1);
    const key = newKey();
    for (let racer = 0; racer < RACERS; racer += 1) await store.folders.make(`${key}-${racer}`);
    const moved = await race(
      Array.from(
        { length: RACERS },
        (_, racer) => () => [store, peer][racer % 2]!.folders.rename(`${key}-${racer}`, key),
      ),
    );
    expect(moved.winners).toHaveLength(1);
    expect(moved.faults).toEqual(Array(RACERS - 1).fill('exists'));
  });

  it('never shows an object gone or in part while it is replaced', async () => {
    const { store, peer } = open();
    const key = newKey();
    const sizes = [10, 100_000];
    await publish(store, key, Buffer.alloc(sizes[0]!, 'a'));
    let replaced = false;
    const replacing = (async () => {
      for (let time = 0; time < 50; time += 1) {
        await publish(store, key, Buffer.alloc(sizes[time % 2]!, 'b'), { replace: true });
      }
    })().finally(() => {
      replaced = true;
    });
    while (!replaced) {
      expect(sizes).toContain((await peer.objects.head(key))?.size);
      expect(sizes).toContain((await text(peer, key)).length);
    }
    await replacing;
  });

  it('makes names in a folder that others remove again and again', async () => {
    const { store, peer } = open();
    const folder = newKey();
    for (let time = 0; time < 20; time += 1) {
      const removing = peer.folders.remove(folder).catch(() => undefined);
      await publish(store, `${folder}/file`, 'x');
      await removing;
      expect(await text(store, `${folder}/file`)).toBe('x');
      await store.objects.remove(`${folder}/file`);
    }
    await store.folders.remove(folder);
    await expectFault(store.folders.remove(folder), 'not-found');
  });
}
