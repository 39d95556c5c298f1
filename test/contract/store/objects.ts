import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Open } from '../store-contract.ts';
import { bytesOf, contents, expectFault, names, newKey, publish, text } from './given.ts';

const KIB = 1024;
const SIZES = [0, 1, 255, 64 * KIB, 256 * KIB, 256 * KIB + 1, 1024 * KIB + 17];

export function objectsContract(open: Open): void {
  it.each(SIZES)('keeps %i bytes that were published', async (size) => {
    const { store, peer } = open();
    const key = newKey();
    const arrival = await publish(store, key, bytesOf(size));
    expect(await peer.objects.head(key)).toMatchObject({ key, size, arrival });
    expect((await contents(peer, key)).equals(bytesOf(size))).toBe(true);
  });

  it.each(SIZES)('keeps %i bytes that were put', async (size) => {
    const { store, peer } = open();
    const key = newKey();
    await store.objects.put(key, bytesOf(size));
    const info = await peer.objects.head(key);
    expect(info).toMatchObject({ key, size });
    expect(info?.arrival).toBeUndefined();
    expect((await contents(peer, key)).equals(bytesOf(size))).toBe(true);
  });

  it('has nothing where nothing was put', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, `${key}/file`, 'x');
    expect(await store.objects.head('files/nobody/x')).toBeUndefined();
    expect(await store.objects.head(key)).toBeUndefined();
    expect(await store.objects.head(`${key}/file/below`)).toBeUndefined();
    expect(await store.objects.head('files/nobody/x', newArrivalId())).toBeUndefined();
    await expectFault(contents(store, 'files/nobody/x'), 'not-found');
    await expectFault(contents(store, 'files/nobody/x', { arrival: newArrivalId() }), 'not-found');
  });

  describe('read', () => {
    const size = 600 * KIB;
    it.each([
      [0, 0],
      [0, 1],
      [0, size],
      [1, size - 1],
      [256 * KIB - 1, 256 * KIB + 1],
      [256 * KIB, 512 * KIB],
      [size - 1, size],
      [size, size],
      [size - 10, size + 10],
      [size, undefined],
      [300 * KIB, undefined],
    ])('gives the bytes from %i to %s', async (from, to) => {
      const { store } = open();
      const key = newKey();
      await publish(store, key, bytesOf(size));
      const range = { from, ...(to === undefined ? {} : { to }) };
      expect((await contents(store, key, range)).equals(bytesOf(size).subarray(from, to))).toBe(true);
    });

    it('refuses to begin beyond the end', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, key, 'ten bytes!');
      await expectFault(contents(store, key, { from: 11 }), 'bad-offset');
    });

    it('gives each chunk whole until the next one is asked for, to slow readers too', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, key, bytesOf(size * 3));
      let at = 0;
      for await (const chunk of store.objects.read(key)) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(chunk.equals(bytesOf(size * 3).subarray(at, at + chunk.length))).toBe(true);
        at += chunk.length;
      }
      expect(at).toBe(size * 3);
    });

    it('can be left early', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, key, bytesOf(size));
      for (let time = 0; time < 50; time += 1) {
        for await (const chunk of store.objects.read(key)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
    });

    it('goes on with the old bytes while the object is replaced', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, key, bytesOf(size * 3, 'old'));
      const chunks: Buffer[] = [];
      for await (const chunk of store.objects.read(key)) {
        if (chunks.length === 0) await publish(store, key, bytesOf(size, 'new'), { replace: true });
        chunks.push(Buffer.from(chunk));
      }
      expect(Buffer.concat(chunks).equals(bytesOf(size * 3, 'old'))).toBe(true);
      expect((await contents(store, key)).equals(bytesOf(size, 'new'))).toBe(true);
    });
  });

  describe('put', () => {
    it('replaces what is there, an upload too', async () => {
      const { store } = open();
      const key = newKey();
      const arrival = await publish(store, key, 'uploaded');
      await store.objects.put(key, Buffer.from('put'));
      await store.objects.put(key, Buffer.from('again'));
      expect(await text(store, key)).toBe('again');
      expect(await text(store, key, arrival)).toBe('uploaded');
      expect((await store.objects.head(key))?.arrival).toBeUndefined();
    });

    it('refuses with ifAbsent where there is an object', async () => {
      const { store } = open();
      const [put, uploaded] = [newKey(), newKey()];
      await store.objects.put(put, Buffer.from('first'), { ifAbsent: true });
      await publish(store, uploaded, 'first');
      for (const key of [put, uploaded]) {
        await expectFault(store.objects.put(key, Buffer.from('second'), { ifAbsent: true }), 'exists');
        expect(await text(store, key)).toBe('first');
      }
    });

    it('refuses a folder, and a file in the way of one', async () => {
      const { store } = open();
      const key = newKey();
      await store.objects.put(`${key}/file`, Buffer.from('x'));
      await expectFault(store.objects.put(key, Buffer.from('x')), 'is-a-folder');
      await expectFault(store.objects.put(key, Buffer.from('x'), { ifAbsent: true }), 'is-a-folder');
      await expectFault(store.objects.put(`${key}/file/below`, Buffer.from('x')), 'not-a-folder');
      expect(await names(store, key)).toEqual(['file']);
    });
  });

  describe('remove', () => {
    it('takes the name, and leaves what was published to its arrival', async () => {
      const { store, peer } = open();
      const key = newKey();
      const arrival = await publish(store, key, 'bytes');
      await store.objects.remove(key);
      expect(await peer.objects.head(key)).toBeUndefined();
      expect(await peer.objects.head(key, arrival)).toMatchObject({ key, size: 5, arrival });
      expect(await text(peer, key, arrival)).toBe('bytes');
      await expectFault(contents(peer, key), 'not-found');
      await publish(store, key, 'others');
      expect(await text(store, key)).toBe('others');
    });

    it('refuses what is no object', async () => {
      const { store } = open();
      const key = newKey();
      await store.objects.put(`${key}/file`, Buffer.from('x'));
      await expectFault(store.objects.remove(key), 'is-a-folder');
      await expectFault(store.objects.remove(`${key}/nobody`), 'not-found');
      await expectFault(store.objects.remove(`${key}/file/below`), 'not-found');
      await store.objects.remove(`${key}/file`);
      await expectFault(store.objects.remove(`${key}/file`), 'not-found');
    });
  });

  it('keeps every arrival at a key that was replaced again and again', async () => {
    const { store, peer } = open();
    const key = newKey();
    const arrivals: string[] = [];
    for (let time = 0; time < 5; time += 1) {
      arrivals.push(await publish(store, key, `version ${time}`, { replace: true }));
    }
    for (const [time, arrival] of arrivals.entries()) {
      expect(await text(peer, key, arrival)).toBe(`version ${time}`);
      expect(await peer.objects.head(key, arrival)).toMatchObject({ size: 9, arrival });
    }
    expect(await text(peer, key)).toBe('version 4');
  });
}
