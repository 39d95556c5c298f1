import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { newArrivalId } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import { createLedger, type Ledger } from '../../core/ledger.ts';
import type { ObjectInfo } from '../../core/ports/store.ts';
import { createStoredDigests, type Reading, type StoredDigests } from '../../core/stored-digests.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

const KEY = 'files/acme/in/a';
const md5 = createHash('md5').update('hello').digest('hex');

let store: MemoryStore;
let ledger: Ledger;
let digests: StoredDigests;
let read: number;
let reading: Reading;
beforeEach(async () => {
  store = createMemoryStore();
  ledger = createLedger(store);
  digests = createStoredDigests(store, ledger);
  read = 0;
  reading = {
    signal: new AbortController().signal,
    read: (bytes) => {
      read += bytes;
    },
  };
  await store.objects.put(KEY, Buffer.from('hello'));
});

/** The object as one that an arrival published. */
const file = (more: Partial<ObjectInfo> = {}): ObjectInfo => ({
  key: KEY,
  size: 5,
  modified: new Date(),
  ...more,
});
/** What the store has at the key is nobody's, so the arrival's own is told apart by its digest. */
const published = async (): Promise<ObjectInfo> => {
  const upload = await store.uploads.begin(KEY, newArrivalId());
  await upload.write(Buffer.from('hello'));
  await upload.seal();
  const { digests: _, ...info } = await upload.publish({ replace: true });
  return info;
};

describe('a digest is found', () => {
  it('on the object first', async () => {
    const info = file({ arrival: newArrivalId(), digests: { md5: 'on the object' } });
    digests.remember({ id: info.arrival!, digests: { md5: 'in memory' } });
    expect(await digests.digestOf(info, 'md5', reading)).toBe('on the object');
  });

  it('in memory, as soon as the arrival is announced', async () => {
    const info = file({ arrival: newArrivalId() });
    digests.remember({ id: info.arrival!, digests: { md5: 'in memory' } });
    expect(await digests.digestOf(info, 'md5', reading)).toBe('in memory');
  });

  it('in the ledger, of the arrival or of its validation', async () => {
    const arrival = anArrival({ id: newArrivalId(), digests: { md5: 'received' } });
    await ledger.received(arrival);
    await ledger.finish({
      arrival: arrival.id,
      run: 1,
      stage: 'validate',
      result: 'passed',
      reasons: [],
      at: new Date().toISOString(),
      tookMs: 1,
      details: {},
      next: [],
      digests: { sha1: 'validated' },
    });
    expect(await digests.digestOf(file({ arrival: arrival.id }), 'md5', reading)).toBe('received');
    expect(await digests.digestOf(file({ arrival: arrival.id }), 'sha1', reading)).toBe('validated');
    expect(read).toBe(0);
  });

  it('by reading the file, once', async () => {
    const info = await published();
    expect(await digests.digestOf(info, 'md5', reading)).toBe(md5);
    expect(await digests.digestOf(info, 'md5', reading)).toBe(md5);
    expect(read).toBe(5);
  });

  it('by reading it each time, where no arrival says that it is the same', async () => {
    expect(await digests.digestOf(file(), 'md5', reading)).toBe(md5);
    expect(await digests.digestOf(file(), 'md5', reading)).toBe(md5);
    expect(read).toBe(10);
  });
});

it('is of a part, which is no other part', async () => {
  const info = await published();
  const part = await digests.digestOf(info, 'md5', { ...reading, from: 1, to: 3 });
  expect(part).toBe(createHash('md5').update('el').digest('hex'));
  expect(await digests.digestOf(info, 'md5', { ...reading, from: 0, to: 5 })).toBe(md5);
  expect(await digests.digestOf(info, 'md5', { ...reading, from: 1, to: 3 })).toBe(part);
});

it('ends with the signal', async () => {
  const controller = new AbortController();
  controller.abort(new Fault('cancelled'));
  await expect(
    digests.digestOf(file(), 'md5', { ...reading, signal: controller.signal }),
  ).rejects.toMatchObject({ code: 'cancelled' });
});

it('is forgotten, the oldest first, rather than kept without end', async () => {
  const [first, last] = [newArrivalId(), newArrivalId()];
  digests.remember({ id: first, digests: { md5: 'first' } });
  for (let more = 0; more < 10_000; more += 1) digests.remember({ id: `${more}`, digests: { md5: 'x' } });
  digests.remember({ id: last, digests: { md5: 'last' } });
  await store.objects.put('files/acme/in/b', Buffer.from('x'));
  expect(await digests.digestOf(file({ arrival: last }), 'md5', reading)).toBe('last');
  await expect(digests.digestOf(file({ arrival: first }), 'md5', reading)).rejects.toMatchObject({
    code: 'not-found',
  });
});
