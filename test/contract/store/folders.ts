import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Nature, Open } from '../store-contract.ts';
import { entries, expectFault, names, newKey, publish, text } from './given.ts';

const DEPTH = 64;

export function foldersContract(open: Open, { listedTimes }: Nature): void {
  describe('make and remove', () => {
    it('makes a folder and those above it', async () => {
      const { store, peer } = open();
      const key = newKey();
      expect(await store.folders.head(key)).toBeUndefined();
      await store.folders.make(`${key}/a/b`);
      const head = await peer.folders.head(`${key}/a/b`);
      expect(Math.abs(Date.now() - head!.modified.getTime())).toBeLessThan(60_000);
      expect(await entries(peer, `${key}/a`)).toMatchObject([{ kind: 'folder', name: 'b' }]);
      expect(await entries(peer, `${key}/a/b`)).toEqual([]);
    });

    it('refuses what is there, and a file in the way', async () => {
      const { store } = open();
      const key = newKey();
      await store.folders.make(key);
      await publish(store, `${key}/file`, 'x');
      await store.objects.put(`${key}/put`, Buffer.from('x'));
      await expectFault(store.folders.make(key), 'exists');
      for (const file of ['file', 'put']) {
        await expectFault(store.folders.make(`${key}/${file}`), 'exists');
        await expectFault(store.folders.make(`${key}/${file}/below`), 'not-a-folder');
        expect(await store.folders.head(`${key}/${file}`)).toBeUndefined();
        expect(await store.folders.head(`${key}/${file}/below`)).toBeUndefined();
      }
    });

    it('removes an empty folder only', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, `${key}/file`, 'x');
      await expectFault(store.folders.remove(key), 'not-empty');
      await expectFault(store.folders.remove(`${key}/file`), 'not-a-folder');
      await expectFault(store.folders.remove(`${key}/nobody`), 'not-found');
      await store.objects.remove(`${key}/file`);
      expect(await store.folders.head(key)).toBeDefined();
      await store.folders.remove(key);
      expect(await store.folders.head(key)).toBeUndefined();
      await expectFault(store.folders.remove(key), 'not-found');
    });

    it('goes deep', async () => {
      const { store } = open();
      const key = `${newKey()}${'/d'.repeat(DEPTH - 5)}`;
      const arrival = await publish(store, `${key}/file`, 'deep');
      expect(await text(store, `${key}/file`)).toBe('deep');
      expect(await text(store, `${key}/file`, arrival)).toBe('deep');
      expect(await names(store, key)).toEqual(['file']);
    });
  });

  describe('list', () => {
    it('tells names, kinds, sizes and times', async () => {
      const { store, peer } = open();
      const key = newKey();
      const modified = new Date('2020-02-02T02:02:02Z');
      await publish(store, `${key}/a`, 'four', { modified });
      await store.objects.put(`${key}/b`, Buffer.from('seventy'));
      await store.folders.make(`${key}/c`);
      const put = await store.objects.head(`${key}/b`);
      const folder = await store.folders.head(`${key}/c`);
      const asHead = listedTimes === 'as head';
      expect(await entries(peer, key)).toEqual([
        { kind: 'file', name: 'a', size: 4, modified: asHead ? modified : expect.any(Date) },
        { kind: 'file', name: 'b', size: 7, modified: put!.modified },
        { kind: 'folder', name: 'c', modified: asHead ? folder!.modified : expect.any(Date) },
      ]);
    });

    it('refuses what is no folder', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, `${key}/file`, 'x');
      await store.objects.put(`${key}/put`, Buffer.from('x'));
      await expectFault(names(store, `${key}/nobody`), 'not-found');
      await expectFault(names(store, `${key}/file`), 'not-a-folder');
      await expectFault(names(store, `${key}/put`), 'not-a-folder');
    });

    it('shows whole objects only while others write, and all of those that were there', async () => {
      const { store, peer } = open();
      const key = newKey();
      for (let count = 0; count < 20; count += 1) await publish(store, `${key}/old${count}`, 'whole');
      const write = async () => {
        for (let count = 0; count < 40; count += 1) {
          await publish(store, `${key}/new${count}`, 'whole');
          await publish(store, `${key}/old${count % 20}`, 'WHOLE', { replace: true });
          await store.objects.put(`${key}/put${count % 5}`, Buffer.from('whole'));
        }
        return true;
      };
      let written = false;
      const writing = write().finally(() => {
        written = true;
      });
      while (!written) {
        const seen = await entries(peer, key);
        expect(seen.filter(({ name }) => /^old\d+$/.test(name))).toHaveLength(20);
        for (const entry of seen) {
          expect(entry.name).toMatch(/^(old|new|put)\d+$/);
          expect(entry).toMatchObject({ kind: 'file', size: 5 });
        }
      }
      expect(await writing).toBe(true);
      expect(await names(peer, key)).toHaveLength(65);
    });
  });

  describe('rename', () => {
    it('moves all that is in it, to another depth too', async () => {
      const { store, peer } = open();
      const [from, to] = [`${newKey()}/from`, `${newKey()}/much/deeper/to`];
      const arrival = await publish(store, `${from}/sub/file`, 'published');
      await store.objects.put(`${from}/put`, Buffer.from('put'));
      await store.folders.rename(from, to);
      expect(await peer.folders.head(from)).toBeUndefined();
      expect(await names(peer, to)).toEqual(['put', 'sub']);
      expect(await text(peer, `${to}/put`)).toBe('put');
      expect(await text(peer, `${to}/sub/file`)).toBe('published');
      expect(await entries(peer, `${to}/sub`)).toMatchObject([{ kind: 'file', name: 'file', size: 9 }]);
      expect((await peer.objects.head(`${to}/sub/file`))?.arrival).toBe(arrival);
      expect(await text(peer, `${from}/sub/file`, arrival)).toBe('published');
      expect(await text(peer, `${to}/sub/file`, arrival)).toBe('published');
      await store.objects.rename(`${to}/sub/file`, `${to}/file`);
      expect(await text(store, `${to}/file`)).toBe('published');
      await publish(store, `${to}/file`, 'newer', { replace: true });
      expect(await text(store, `${to}/file`, arrival)).toBe('published');
    });

    it('refuses what is not there, what is there, and itself', async () => {
      const { store } = open();
      const key = newKey();
      await publish(store, `${key}/a/file`, 'x');
      await store.folders.make(`${key}/empty`);
      await publish(store, `${key}/full/file`, 'x');
      await publish(store, `${key}/file`, 'x');
      await expectFault(store.folders.rename(`${key}/nobody`, `${key}/b`), 'not-found');
      for (const taken of ['empty', 'full', 'file']) {
        await expectFault(store.folders.rename(`${key}/a`, `${key}/${taken}`), 'exists');
      }
      await expectFault(store.folders.rename(`${key}/a`, `${key}/a`), 'bad-argument');
      await expectFault(store.folders.rename(`${key}/a`, `${key}/a/b/c`), 'bad-argument');
      await expectFault(store.folders.rename(`${key}/a`, `${key}/file/below`), 'not-a-folder');
      expect(await names(store, key)).toEqual(['a', 'empty', 'file', 'full']);
      await store.folders.rename(`${key}/a`, `${key}/ab`);
      expect(await names(store, `${key}/ab`)).toEqual(['file']);
    });
  });
}
