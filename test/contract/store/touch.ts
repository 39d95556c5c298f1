import { expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Open } from '../store-contract.ts';
import { bytesOf, contents, expectFault, newKey, publish, text } from './given.ts';

/** Larger than what any store sends in one piece. */
const LARGE_BYTES = 21 * 1024 ** 2;
const THEN = new Date('1999-12-31T23:59:58Z');

export function touchContract(open: Open): void {
  it.each([0, 5, LARGE_BYTES])(
    'gives an object of %i bytes another time, and leaves all else',
    async (size) => {
      const { store, peer } = open();
      const key = newKey();
      const arrival = await publish(store, key, bytesOf(size));
      const before = await store.objects.head(key);
      for (const modified of [THEN, new Date('2031-01-01T00:00:00Z')]) {
        await store.objects.touch(key, modified);
        const after = { ...before, modified };
        expect(await peer.objects.head(key)).toEqual(after);
        expect(await peer.objects.head(key, arrival)).toEqual(after);
      }
      expect((await contents(peer, key, { arrival })).equals(bytesOf(size))).toBe(true);
    },
  );

  it('is kept by a copy, a rename, and for the readers of what was replaced', async () => {
    const { store } = open();
    const key = newKey();
    const arrival = await publish(store, key, 'bytes');
    await store.objects.touch(key, THEN);
    await store.objects.copy(key, `${key}-copy`);
    await store.objects.rename(key, `${key}-to`);
    expect(await store.objects.head(`${key}-copy`)).toMatchObject({ modified: THEN, arrival });
    expect(await store.objects.head(`${key}-to`)).toMatchObject({ modified: THEN, arrival });
    await publish(store, `${key}-to`, 'new', { replace: true });
    expect(await text(store, `${key}-to`, arrival)).toBe('bytes');
    expect(await store.objects.head(`${key}-to`, arrival)).toMatchObject({ arrival, size: 5 });
  });

  it('refuses what is no object', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, `${key}/file`, 'x');
    await expectFault(store.objects.touch(key, THEN), 'is-a-folder');
    await expectFault(store.objects.touch(`${key}/nobody`, THEN), 'not-found');
  });

  it('never brings back what is replaced at the same time', async () => {
    const { store, peer } = open();
    for (let time = 0; time < 10; time += 1) {
      const key = newKey();
      const older = await publish(store, key, 'older');
      const newer = newArrivalId();
      await Promise.all([
        publish(store, key, 'newer', { replace: true, arrival: newer }),
        peer.objects.touch(key, THEN),
        peer.objects.touch(key, THEN),
      ]);
      expect(await text(store, key)).toBe('newer');
      expect(await store.objects.head(key)).toMatchObject({ arrival: newer });
      expect(await text(store, key, older)).toBe('older');
    }
  });
}
