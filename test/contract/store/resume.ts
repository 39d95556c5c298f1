import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Open } from '../store-contract.ts';
import { bytesOf, contents, expectFault, newKey, publish, race, suspend, text } from './given.ts';

const SUSPENSIONS = 20;

export function resumeContract(open: Open): void {
  it('keeps a suspended upload with its note, unseen', async () => {
    const { store, peer } = open();
    const key = newKey();
    expect(await store.uploads.suspended(key)).toBeUndefined();
    await suspend(store, key, 'half', 'a note ✎');
    const suspended = await peer.uploads.suspended(key);
    expect(suspended).toMatchObject({ key, size: 4 });
    expect(Math.abs(Date.now() - suspended!.since.getTime())).toBeLessThan(60_000);
    expect(await peer.objects.head(key)).toBeUndefined();
    const upload = await peer.uploads.resume(key, newArrivalId(), 4);
    expect(upload).toMatchObject({ size: 4, note: 'a note ✎' });
    await upload.abort();
    expect(await store.uploads.suspended(key)).toBeUndefined();
  });

  it('bounds the note', async () => {
    const { store } = open();
    const key = newKey();
    await suspend(store, key, 'x', 'ü'.repeat(2048));
    const upload = await store.uploads.resume(key, newArrivalId(), 1);
    await expectFault(upload.suspend('ü'.repeat(2049)), 'bad-argument');
    await upload.suspend();
    const again = await store.uploads.resume(key, newArrivalId(), 1);
    expect(again.note).toBeUndefined();
    await again.abort();
  });

  it(`goes on byte for byte over ${SUSPENSIONS} suspensions at any offset, in either process`, async () => {
    const { store, peer } = open();
    const key = newKey();
    const whole = bytesOf(2_000_000);
    let upload = await store.uploads.begin(key, newArrivalId());
    for (let time = 0; time < SUSPENSIONS; time += 1) {
      const end = Math.min(whole.length, upload.size + Math.floor(Math.random() * 200_000));
      await upload.write(whole.subarray(upload.size, end));
      const { size } = upload;
      await upload.suspend(String(time));
      const offset = Math.floor(Math.random() * (size + 1));
      upload = await [store, peer][time % 2]!.uploads.resume(key, newArrivalId(), offset);
      expect(upload).toMatchObject({ size: offset, note: String(time) });
    }
    await upload.write(whole.subarray(upload.size));
    await upload.seal();
    const info = await upload.publish();
    expect((await contents(peer, key)).equals(whole)).toBe(true);
    expect(await peer.objects.head(key, info.arrival)).toEqual(info);
    expect(await peer.uploads.suspended(key)).toBeUndefined();
  });

  it('resumes below and at what is stored, and refuses beyond it without losing it', async () => {
    const { store } = open();
    const key = newKey();
    await suspend(store, key, '0123456789');
    await expectFault(store.uploads.resume(key, newArrivalId(), 11), 'bad-offset');
    const at = await store.uploads.resume(key, newArrivalId(), 10);
    await at.write(Buffer.from('ab'));
    await at.suspend();
    const below = await store.uploads.resume(key, newArrivalId(), 3);
    await below.write(Buffer.from('x'));
    await below.seal();
    await below.publish();
    expect(await text(store, key)).toBe('012x');
    await expectFault(store.uploads.resume(newKey(), newArrivalId(), 1), 'bad-offset');
  });

  it('makes the upload the new arrival', async () => {
    const { store } = open();
    const [key, arrival] = [newKey(), newArrivalId()];
    await suspend(store, key, 'half');
    const upload = await store.uploads.resume(key, arrival, 4);
    await upload.seal();
    expect((await upload.publish()).arrival).toBe(arrival);
    expect(await text(store, key, arrival)).toBe('half');
  });

  it('carries the time of its end, not of its bytes', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, key, 'half', { modified: new Date('2001-01-01') });
    const upload = await store.uploads.resume(key, newArrivalId(), 4);
    await upload.seal();
    const { modified } = await upload.publish({ replace: true });
    expect(Math.abs(Date.now() - modified.getTime())).toBeLessThan(60_000);
  });

  it.each(['published', 'put'])('resumes from a copy of an object that was %s', async (kind) => {
    const { store } = open();
    const [key, arrival] = [newKey(), newArrivalId()];
    if (kind === 'put') await store.objects.put(key, Buffer.from('0123456789'));
    else await publish(store, key, '0123456789', { arrival });
    await expectFault(store.uploads.resume(key, newArrivalId(), 11), 'bad-offset');
    const upload = await store.uploads.resume(key, newArrivalId(), 4);
    await upload.write(Buffer.from('xyz'));
    expect(await text(store, key)).toBe('0123456789');
    await upload.seal();
    await expectFault(upload.publish(), 'exists');
    await upload.publish({ replace: true });
    expect(await text(store, key)).toBe('0123xyz');
    if (kind === 'published') expect(await text(store, key, arrival)).toBe('0123456789');
  });

  it('prefers what is suspended to what is finished', async () => {
    const { store } = open();
    const key = newKey();
    await publish(store, key, 'finished');
    await suspend(store, key, 'half');
    const upload = await store.uploads.resume(key, newArrivalId(), 4);
    await upload.seal();
    await upload.publish({ replace: true });
    expect(await text(store, key)).toBe('half');
  });

  it('keeps the newer of two suspended uploads of a key', async () => {
    const { store } = open();
    const key = newKey();
    await suspend(store, key, 'the older one');
    await suspend(store, key, 'newer');
    expect((await store.uploads.suspended(key))?.size).toBe(5);
  });

  it('lets only one go on', async () => {
    const { store, peer } = open();
    for (let time = 0; time < 10; time += 1) {
      const key = newKey();
      await publish(store, key, 'finished');
      await suspend(store, key, 'half');
      const resumed: { abort(): Promise<void> }[] = [];
      const go = (from: typeof store) => async () => {
        resumed.push(await from.uploads.resume(key, newArrivalId(), 4));
      };
      const { winners, faults } = await race([go(store), go(peer), go(store), go(peer)]);
      expect(winners).toHaveLength(1);
      expect(faults).toEqual(['busy', 'busy', 'busy']);
      await expectFault(go(peer)(), 'busy');
      await resumed[0]!.abort();
    }
  });
}
