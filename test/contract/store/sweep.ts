import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { Nature, Open } from '../store-contract.ts';
import { expectFault, newKey, publish, suspend, text } from './given.ts';

const never = new Date(0);
/** After all that the test did. */
const later = (): Date => new Date(Date.now() + 60_000);
/** Until the clock of the engine, however coarse, is beyond what was done before. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

export function sweepContract(open: Open, { silentUploads }: Nature): void {
  const sweepAll = async (store: Store): Promise<void> => {
    await store.uploads.sweep({ uploads: later(), unnamed: later() });
  };

  it('ends suspended uploads that are older', async () => {
    const { store } = open();
    await sweepAll(store);
    const key = newKey();
    await suspend(store, key, 'half');
    await pause();
    const hourAgo = new Date(Date.now() - 3_600_000);
    expect(await store.uploads.sweep({ uploads: hourAgo, unnamed: never })).toEqual({
      uploads: 0,
      unnamed: 0,
    });
    expect((await store.uploads.suspended(key))?.size).toBe(4);
    expect(await store.uploads.sweep({ uploads: later(), unnamed: never })).toEqual({
      uploads: 1,
      unnamed: 0,
    });
    expect(await store.uploads.suspended(key)).toBeUndefined();
    await expectFault(store.uploads.resume(key, newArrivalId(), 4), 'bad-offset');
  });

  it(`has uploads ${silentUploads} that have not been written to for as long`, async () => {
    const { store, peer } = open();
    await sweepAll(store);
    const key = newKey();
    const upload = await peer.uploads.begin(key, newArrivalId());
    // More than any store holds back in memory.
    const bytes = Buffer.alloc(31 * 1024 * 1024);
    await upload.write(bytes);
    await pause();
    const isKept = silentUploads === 'kept';
    const swept = await store.uploads.sweep({ uploads: later(), unnamed: never });
    expect(swept).toEqual({ uploads: isKept ? 0 : 1, unnamed: 0 });
    const ending = upload.seal().then(() => upload.publish());
    await (isKept ? ending : expectFault(ending, 'store-down').then(upload.abort));
    expect((await store.objects.head(key))?.size).toBe(isKept ? bytes.length : undefined);
  });

  it('ends what is named no more and older, and nothing that has a name', async () => {
    const { store } = open();
    await sweepAll(store);
    const [named, replaced, removed, renamed, copied, put] = Array.from({ length: 6 }, newKey) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const arrivals = {
      named: await publish(store, named, 'named'),
      replaced: await publish(store, replaced, 'replaced'),
      removed: await publish(store, removed, 'removed'),
      renamed: await publish(store, renamed, 'renamed'),
      copied: await publish(store, copied, 'copied'),
    };
    await publish(store, replaced, 'new', { replace: true });
    await store.objects.remove(removed);
    await store.objects.rename(renamed, `${renamed}-to`);
    await store.objects.copy(copied, `${copied}-to`);
    await store.objects.put(put, Buffer.from('put'));

    await pause();
    const hourAgo = new Date(Date.now() - 3_600_000);
    expect(await store.uploads.sweep({ uploads: never, unnamed: hourAgo })).toEqual({
      uploads: 0,
      unnamed: 0,
    });
    expect(await text(store, removed, arrivals.removed)).toBe('removed');
    expect(await store.uploads.sweep({ uploads: later(), unnamed: later() })).toEqual({
      uploads: 0,
      unnamed: 3,
    });

    expect(await store.objects.head(replaced, arrivals.replaced)).toBeUndefined();
    expect(await store.objects.head(removed, arrivals.removed)).toBeUndefined();
    expect(await store.objects.head(renamed, arrivals.renamed)).toBeUndefined();
    for (let time = 0; time < 2; time += 1) {
      expect(await text(store, named, arrivals.named)).toBe('named');
      expect(await text(store, replaced)).toBe('new');
      expect(await text(store, `${renamed}-to`, arrivals.renamed)).toBe('renamed');
      expect(await text(store, copied)).toBe('copied');
      expect(await text(store, `${copied}-to`)).toBe('copied');
      expect(await text(store, put)).toBe('put');
      await sweepAll(store);
    }
  });

  it('leaves an upload that is gone on with and still takes bytes', async () => {
    const { store, peer } = open();
    await sweepAll(store);
    const key = newKey();
    await suspend(store, key, 'half');
    const upload = await store.uploads.resume(key, newArrivalId(), 4);
    await pause();
    const between = new Date();
    await pause();
    await upload.write(Buffer.from(' and half'));
    expect((await peer.uploads.sweep({ uploads: between, unnamed: never })).uploads).toBe(0);
    await upload.seal();
    await upload.publish();
    expect(await text(peer, key)).toBe('half and half');
  });

  it('counts the age of a suspended upload from its suspension', async () => {
    const { store } = open();
    await sweepAll(store);
    const key = newKey();
    const upload = await store.uploads.begin(key, newArrivalId());
    await upload.write(Buffer.from('half'));
    await upload.seal();
    await pause();
    const between = new Date();
    await pause();
    await upload.suspend();
    expect((await store.uploads.sweep({ uploads: between, unnamed: never })).uploads).toBe(0);
    expect((await store.uploads.suspended(key))?.size).toBe(4);
  });

  const unnaming: Record<string, (store: Store, key: string) => Promise<unknown>> = {
    remove: (store, key) => store.objects.remove(key),
    publish: (store, key) => publish(store, key, 'other', { replace: true }),
    put: (store, key) => store.objects.put(key, Buffer.from('other')),
    rename: (store, key) => store.objects.rename(key, `${key}-to`),
    async 'replacement by a copy'(store, key) {
      await publish(store, `${key}-from`, 'other');
      await store.objects.copy(`${key}-from`, key, { replace: true });
    },
    async 'replacement by a renamed one'(store, key) {
      await publish(store, `${key}-from`, 'other');
      await store.objects.rename(`${key}-from`, key, { replace: true });
    },
    async 'replacement by a renamed one that was put'(store, key) {
      await store.objects.put(`${key}-from`, Buffer.from('other'));
      await store.objects.rename(`${key}-from`, key, { replace: true });
    },
  };

  it.each(Object.entries(unnaming))(
    'counts the age of what is unnamed from its %s',
    async (_name, unname) => {
      const { store } = open();
      await sweepAll(store);
      const key = newKey();
      const arrival = await publish(store, key, 'bytes');
      await pause();
      const between = new Date();
      await pause();
      await unname(store, key);
      expect((await store.uploads.sweep({ uploads: never, unnamed: between })).unnamed).toBe(0);
      expect(await text(store, key, arrival)).toBe('bytes');
    },
  );

  it('counts the age of what is unnamed from its rename to a name that it had before', async () => {
    const { store } = open();
    await sweepAll(store);
    const [first, second] = [newKey(), newKey()];
    const arrival = await publish(store, first, 'bytes');
    await store.objects.rename(first, second);
    await pause();
    const between = new Date();
    await pause();
    await store.objects.rename(second, first);
    await store.uploads.sweep({ uploads: never, unnamed: between });
    expect(await text(store, second, arrival)).toBe('bytes');
  });

  it('never takes what is named while others publish, rename and move folders', async () => {
    const { store, peer } = open();
    const folder = newKey();
    await publish(store, `${folder}/a/kept`, 'kept');
    let done = false;
    const working = (async () => {
      for (let time = 0; time < 25; time += 1) {
        await publish(store, `${folder}/new${time}`, `${time}`);
        await store.objects.rename(`${folder}/new${time}`, `${folder}/b${time}`);
        await store.folders.rename(`${folder}/a`, `${folder}/z`);
        await store.folders.rename(`${folder}/z`, `${folder}/a`);
      }
    })().finally(() => {
      done = true;
    });
    while (!done) await peer.uploads.sweep({ uploads: never, unnamed: later() });
    await working;
    expect(await text(store, `${folder}/a/kept`)).toBe('kept');
    for (let time = 0; time < 25; time += 1) expect(await text(store, `${folder}/b${time}`)).toBe(`${time}`);
  });
}
