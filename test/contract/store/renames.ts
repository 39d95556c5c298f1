import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { Open } from '../store-contract.ts';
import { expectFault, newKey, publish, text } from './given.ts';

/** The two kinds of object: both can be renamed and copied. */
const kinds: Record<string, (store: Store, key: string, bytes: string) => Promise<unknown>> = {
  published: (store, key, bytes) => publish(store, key, bytes, { replace: true }),
  put: (store, key, bytes) => store.objects.put(key, Buffer.from(bytes)),
};

export function renamesContract(open: Open): void {
  for (const [kind, make] of Object.entries(kinds)) {
    describe.each(['rename', 'copy'] as const)(`%s of an object that was ${kind}`, (move) => {
      const isGone = async (store: Store, key: string) => (await store.objects.head(key)) === undefined;

      it('gives the bytes the other name, folders made as needed', async () => {
        const { store, peer } = open();
        const [from, to] = [newKey(), `${newKey()}/far/below`];
        await make(store, from, 'bytes');
        const before = await store.objects.head(from);
        await store.objects[move](from, to);
        expect(await text(peer, to)).toBe('bytes');
        expect(await peer.objects.head(to)).toMatchObject({ key: to, size: 5 });
        expect((await peer.objects.head(to))?.arrival).toBe(before?.arrival);
        expect(await isGone(peer, from)).toBe(move === 'rename');
      });

      it('refuses where there is an object, unless it may replace it', async () => {
        const { store } = open();
        const [from, to] = [newKey(), newKey()];
        await make(store, from, 'source');
        const older = await publish(store, to, 'target');
        await expectFault(store.objects[move](from, to), 'exists');
        const { arrival } = (await store.objects.head(from))!;
        if (arrival !== undefined) expect(await store.objects.head(to, arrival)).toBeUndefined();
        expect(await text(store, from)).toBe('source');
        expect(await text(store, to)).toBe('target');
        await store.objects[move](from, to, { replace: true });
        expect(await text(store, to)).toBe('source');
        expect(await text(store, to, older)).toBe('target');
        expect(await isGone(store, from)).toBe(move === 'rename');
      });

      it('refuses folders, files in the way, and what is not there', async () => {
        const { store } = open();
        const [from, folder] = [newKey(), newKey()];
        await make(store, from, 'source');
        await make(store, `${folder}/file`, 'x');
        await expectFault(store.objects[move](from, folder), 'is-a-folder');
        await expectFault(store.objects[move](from, folder, { replace: true }), 'is-a-folder');
        await expectFault(store.objects[move](from, `${folder}/file/below`), 'not-a-folder');
        await expectFault(store.objects[move](folder, newKey()), 'is-a-folder');
        await expectFault(store.objects[move](`${folder}/nobody`, newKey()), 'not-found');
        expect(await text(store, from)).toBe('source');
      });
    });

    it(`renames an object that was ${kind} to the name it has`, async () => {
      const { store } = open();
      const key = newKey();
      await make(store, key, 'bytes');
      await store.objects.rename(key, key, { replace: true });
      expect(await text(store, key)).toBe('bytes');
    });
  }

  it('reads by arrival at the old name and the new one after a rename, there and back', async () => {
    const { store } = open();
    const [first, second] = [newKey(), newKey()];
    const arrival = await publish(store, first, 'bytes');
    for (const [from, to] of [
      [first, second],
      [second, first],
      [first, second],
    ] as const) {
      await store.objects.rename(from, to);
      expect((await store.objects.head(to))?.arrival).toBe(arrival);
      expect(await store.objects.head(from)).toBeUndefined();
      expect(await text(store, from, arrival)).toBe('bytes');
      expect(await text(store, to, arrival)).toBe('bytes');
    }
    await store.objects.remove(second);
    expect(await text(store, second, arrival)).toBe('bytes');
  });

  it('renames only what is of the arrival that is asked for', async () => {
    const { store } = open();
    const [from, to] = [newKey(), newKey()];
    const older = await publish(store, from, 'older');
    const newer = await publish(store, from, 'newer', { replace: true });
    await expectFault(store.objects.rename(from, to, { arrival: older }), 'not-found');
    await expectFault(store.objects.rename(from, to, { arrival: newArrivalId() }), 'not-found');
    expect(await store.objects.head(to)).toBeUndefined();
    await store.objects.rename(from, to, { arrival: newer });
    expect(await text(store, to)).toBe('newer');
    await store.objects.put(from, Buffer.from('put'));
    await expectFault(store.objects.rename(from, newKey(), { arrival: newer }), 'not-found');
  });

  it('copies what an arrival published, whatever is there now', async () => {
    const { store } = open();
    const [from, to] = [newKey(), newKey()];
    const older = await publish(store, from, 'older');
    await publish(store, from, 'newer', { replace: true });
    await store.objects.copy(from, to, { arrival: older });
    expect(await text(store, to)).toBe('older');
    expect((await store.objects.head(to))?.arrival).toBe(older);
    await store.objects.remove(from);
    await store.objects.copy(from, to, { arrival: older, replace: true });
    await expectFault(store.objects.copy(from, newKey(), { arrival: newArrivalId() }), 'not-found');
  });
}
