import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Open } from '../store-contract.ts';
import { bytesOf, contents, entries, expectFault, names, newKey, publish, suspend, text } from './given.ts';

export function uploadsContract(open: Open): void {
  it('shows nothing before publish, and the whole after it', async () => {
    const { store, peer } = open();
    const folder = newKey();
    await store.folders.make(folder);
    const [key, arrival] = [`${folder}/file`, newArrivalId()];
    const expectNothing = async () => {
      expect(await peer.objects.head(key)).toBeUndefined();
      expect(await peer.objects.head(key, arrival)).toBeUndefined();
      await expectFault(contents(peer, key, { arrival }), 'not-found');
      expect(await names(peer, folder)).toEqual([]);
    };
    const upload = await store.uploads.begin(key, arrival);
    expect(upload.size).toBe(0);
    expect(upload.note).toBeUndefined();
    await expectNothing();
    await upload.write(Buffer.from('whole'));
    expect(upload.size).toBe(5);
    await expectNothing();
    await upload.seal();
    await expectNothing();
    const info = await upload.publish();
    expect(info).toMatchObject({ key, size: 5, arrival });
    expect(await peer.objects.head(key)).toEqual(info);
    expect(await peer.objects.head(key, arrival)).toEqual(info);
    expect(await text(peer, key)).toBe('whole');
  });

  it('takes chunks of every size, whose memory is used again', async () => {
    const { store } = open();
    const key = newKey();
    const upload = await store.uploads.begin(key, newArrivalId());
    const sizes = [1, 0, 3, 64 * 1024, 7, 256 * 1024, 1024 * 1024 + 1];
    const whole = bytesOf(sizes.reduce((sum, size) => sum + size));
    const memory = Buffer.alloc(2 * 1024 * 1024);
    let at = 0;
    for (const size of sizes) {
      whole.copy(memory, 0, at, at + size);
      await upload.write(memory.subarray(0, size));
      memory.fill(0);
      at += size;
      expect(upload.size).toBe(at);
    }
    await upload.seal();
    await upload.publish();
    expect((await contents(store, key)).equals(whole)).toBe(true);
  });

  it('carries the time of its publication, or the one that it is given', async () => {
    const { store, peer } = open();
    const [now, then] = [newKey(), newKey()];
    const modified = new Date('1999-12-31T23:59:58Z');
    await publish(store, now, 'x');
    await publish(store, then, 'x', { modified });
    expect(Math.abs(Date.now() - (await peer.objects.head(now))!.modified.getTime())).toBeLessThan(60_000);
    expect((await peer.objects.head(then))?.modified).toEqual(modified);
  });

  it('refuses where there is an object unless it may replace it, and can be aborted then', async () => {
    const { store } = open();
    const [published, put] = [newKey(), newKey()];
    const first = await publish(store, published, 'first');
    await store.objects.put(put, Buffer.from('first'));
    for (const key of [published, put]) {
      const arrival = newArrivalId();
      await expectFault(publish(store, key, 'second', { arrival }), 'exists');
      expect(await text(store, key)).toBe('first');
      expect(await store.objects.head(key, arrival)).toBeUndefined();
      await publish(store, key, 'third', { replace: true });
      expect(await text(store, key)).toBe('third');
    }
    expect(await text(store, published, first)).toBe('first');
  });

  it('can be suspended after a publish that was refused', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, key, 'first');
    const upload = await store.uploads.begin(key, newArrivalId());
    await upload.write(Buffer.from('second'));
    await upload.seal();
    await expectFault(upload.publish(), 'exists');
    await upload.suspend();
    const again = await store.uploads.resume(key, newArrivalId(), 6);
    await again.seal();
    await again.publish({ replace: true });
    expect(await text(store, key)).toBe('second');
  });

  it('refuses a folder, and a file in the way of one', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, `${key}/file`, 'x');
    await expectFault(publish(store, key, 'x'), 'is-a-folder');
    await expectFault(publish(store, key, 'x', { replace: true }), 'is-a-folder');
    await expectFault(publish(store, `${key}/file/below`, 'x'), 'not-a-folder');
    await expectFault(publish(store, `${key}/file/below`, 'x', { replace: true }), 'not-a-folder');
    expect(await entries(store, key)).toMatchObject([{ name: 'file', size: 1 }]);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const { store } = open();
    const [key, arrival] = [newKey(), newArrivalId()];
    const upload = await store.uploads.begin(key, arrival);
    await upload.write(bytesOf(300_000));
    await upload.abort();
    expect(await store.objects.head(key)).toBeUndefined();
    expect(await store.objects.head(key, arrival)).toBeUndefined();
    expect(await store.uploads.suspended(key)).toBeUndefined();
    const later = new Date(Date.now() + 60_000);
    expect((await store.uploads.sweep({ uploads: later, unnamed: new Date(0) })).uploads).toBe(0);
  });

  it('forgets an older suspended upload of the key when another object is renamed to it', async () => {
    const { store, peer } = open();
    const [key, other] = [newKey(), newKey()];
    await publish(store, other, 'whole');
    await suspend(store, key, 'half');
    await store.objects.rename(other, key);
    expect(await peer.uploads.suspended(key)).toBeUndefined();
    expect(await text(peer, key)).toBe('whole');
  });

  it('forgets an older suspended upload of the key when a newer one is published', async () => {
    const { store, peer } = open();
    const key = newKey();
    await suspend(peer, key, 'older and unfinished');
    await publish(store, key, 'newer');
    expect(await peer.uploads.suspended(key)).toBeUndefined();
    await expectFault(peer.uploads.resume(key, newArrivalId(), 10), 'bad-offset');
  });
}
