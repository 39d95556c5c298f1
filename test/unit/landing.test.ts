import { Buffer } from 'node:buffer';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Arrival } from '../../core/arrival.ts';
import { createDigestThreads, type DigestThreads } from '../../core/digest-threads.ts';
import type { Evidence } from '../../core/evidence.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';
import { type Feed, unclaimedFeed } from '../../core/feed.ts';
import { createLanding } from '../../core/landing.ts';
import { aPartner } from '../support/a-partner.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

const partner = aPartner();
const key = 'files/acme/in/x';
const alive = (): Evidence => ({ controlAlive: true });
const feedOf = (accept: Partial<Feed['accept']>): Feed => ({
  ...unclaimedFeed,
  accept: { ...unclaimedFeed.accept, ...accept },
});

let store: MemoryStore;
let steps: string[];
let announced: Arrival[];
let arrivals = 0;

beforeEach(() => {
  store = createMemoryStore();
  steps = [];
  announced = [];
  store.onStep = (step) => steps.push(step.split(' ')[0]!);
});

interface Options {
  feed?: Feed;
  at?: number;
  maxSize?: number;
  replace?: boolean;
  again?: number;
  announce?: () => Promise<void>;
  digestThreads?: Pick<DigestThreads, 'begin'>;
}

async function land({
  feed = unclaimedFeed,
  at = 0,
  maxSize = 10_000,
  replace = true,
  again = 0,
  announce,
  digestThreads = createDigestThreads(0),
}: Options = {}) {
  arrivals += 1;
  const id = `arrival-${arrivals}`;
  const upload = at === 0 ? await store.uploads.begin(key, id) : await store.uploads.resume(key, id, at);
  const identity = {
    id,
    partner: 'acme',
    feed: feed.name,
    key,
    path: '/in/x',
    protocol: 'ftp',
    remote: '',
    run: 1,
  };
  return createLanding(upload, identity, {
    partner,
    feed,
    maxSize,
    replace,
    digestThreads,
    again,
    announce:
      announce ??
      (async (arrival) => {
        steps.push('announce');
        announced.push(arrival);
      }),
  });
}

const endedThreads: Pick<DigestThreads, 'begin'> = {
  begin: () => ({
    update: () => Promise.reject(new Error('the thread that digests ended')),
    finish: async () => ({}),
    drop: () => undefined,
  }),
};

const visible = () => store.objects.head(key);
const code = (expected: FaultCode) => expect.objectContaining({ code: expected });

describe('commit', () => {
  test('seals and announces, and only then publishes', async () => {
    const landing = await land();
    await landing.write(Buffer.from('he'));
    await landing.write(Buffer.from('llo'));
    const arrival = await landing.commit(alive);
    expect(steps).toEqual(['begin', 'write', 'write', 'seal', 'announce', 'publish']);
    expect(arrival).toMatchObject({
      size: 5,
      digests: { sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' },
    });
    expect(announced).toEqual([arrival]);
    expect(await visible()).toMatchObject({ size: 5, arrival: arrival.id });
  });

  test('is over only when the file is visible; the file is not before the announcement is durable', async () => {
    let durable: () => void = () => undefined;
    const landing = await land({ announce: () => new Promise((resolve) => (durable = resolve)) });
    await landing.write(Buffer.from('hello'));
    let over = false;
    const committed = landing.commit(alive).then(() => (over = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([over, await visible(), steps.at(-1)]).toEqual([false, undefined, 'seal']);
    durable();
    await committed;
    expect(await visible()).toBeDefined();
  });

  test.each<[string, FaultCode, 'kept' | 'gone']>([
    ['seal', 'store-down', 'kept'],
    ['seal', 'store-full', 'kept'],
    ['publish', 'store-down', 'kept'],
    ['publish', 'exists', 'gone'],
    ['publish', 'is-a-folder', 'gone'],
  ])('%s failing with %s: nothing is visible, the bytes are %s', async (failing, fault, kept) => {
    const landing = await land();
    await landing.write(Buffer.from('hello'));
    store.onStep = (step) => {
      if (step.startsWith(failing)) throw new Fault(fault);
    };
    await expect(landing.commit(alive)).rejects.toThrow(code(fault));
    expect(await visible()).toBeUndefined();
    expect((await store.uploads.suspended(key))?.size).toBe(kept === 'kept' ? 5 : undefined);
  });

  test('an announcement that fails publishes nothing and keeps the bytes', async () => {
    const landing = await land({ announce: () => Promise.reject(new Fault('queue-down')) });
    await landing.write(Buffer.from('hello'));
    await expect(landing.commit(alive)).rejects.toThrow(code('queue-down'));
    expect(await visible()).toBeUndefined();
    expect((await store.uploads.suspended(key))?.size).toBe(5);
  });

  test('the first fault is heard, not that of the clearing up', async () => {
    const landing = await land({ announce: () => Promise.reject(new Fault('queue-down')) });
    await landing.write(Buffer.from('hello'));
    store.onStep = (step) => {
      if (step.startsWith('suspend')) throw new Fault('store-down');
    };
    await expect(landing.commit(alive)).rejects.toThrow(code('queue-down'));
  });

  test('the control connection lost between sealing and publishing: not visible, kept', async () => {
    const landing = await land();
    await landing.write(Buffer.from('hello'));
    await expect(landing.commit(() => ({ controlAlive: !steps.includes('announce') }))).rejects.toThrow(
      code('incomplete'),
    );
    expect(steps).toEqual(['begin', 'write', 'seal', 'announce', 'suspend']);
    expect(await visible()).toBeUndefined();
  });

  test('what is heard of the sender while the bytes become durable holds before the announcement', async () => {
    const landing = await land();
    await landing.write(Buffer.from('hello'));
    let isAlive = true;
    const heard = new Promise(setImmediate).then(() => {
      isAlive = false;
    });
    await expect(landing.commit(() => ({ controlAlive: isAlive }), heard)).rejects.toThrow(
      code('incomplete'),
    );
    expect(steps).toEqual(['begin', 'write', 'seal', 'suspend']);
  });

  test('another size than announced is incomplete before anything is announced', async () => {
    const landing = await land();
    await landing.write(Buffer.from('hello'));
    await expect(landing.commit(() => ({ ...alive(), announcedSize: 6 }))).rejects.toThrow(
      code('incomplete'),
    );
    expect(announced).toEqual([]);
    expect((await store.uploads.suspended(key))?.size).toBe(5);
  });

  test('without replace an object that is there stays', async () => {
    await store.objects.put(key, Buffer.from('old'));
    const landing = await land({ replace: false });
    await landing.write(Buffer.from('new!'));
    await expect(landing.commit(alive)).rejects.toThrow(code('exists'));
    expect(await visible()).toMatchObject({ size: 3 });
  });
});

test('an upload without a byte: refused where the feed says so, nothing kept', async () => {
  await expect((await land()).commit(alive)).rejects.toThrow(code('empty-file'));
  expect([await visible(), await store.uploads.suspended(key)]).toEqual([undefined, undefined]);
  await (await land({ feed: feedOf({ empty: 'announce' }) })).commit(alive);
  expect(await visible()).toMatchObject({ size: 0 });
  await (await land()).suspend();
  expect(await store.uploads.suspended(key)).toBeUndefined();
});

test('a write is over only when the store has the bytes, though their digest has failed', async () => {
  const stored = Promise.withResolvers<void>();
  const { begin } = store.uploads;
  store.uploads.begin = async (...upload) =>
    Object.assign(await begin(...upload), { write: () => stored.promise });
  const landing = await land({ digestThreads: endedThreads });
  let over = false;
  const writing = landing.write(Buffer.from('hello')).finally(() => {
    over = true;
  });
  writing.catch(() => undefined);
  await new Promise(setImmediate);
  expect(over).toBe(false);
  stored.resolve();
  await expect(writing).rejects.toThrow('ended');
});

test('not a byte more than allowed, those resumed from included', async () => {
  const landing = await land({ maxSize: 5 });
  await landing.write(Buffer.from('hello'));
  await expect(landing.write(Buffer.from('!'))).rejects.toThrow(code('too-large'));
  await landing.suspend();
  const resumed = await land({ maxSize: 5, at: 5 });
  await expect(resumed.write(Buffer.from('!'))).rejects.toThrow(code('too-large'));
});

test('a resumed upload has no digests: it did not see the first bytes', async () => {
  const landing = await land();
  await landing.write(Buffer.from('hel'));
  await landing.suspend();
  const resumed = await land({ at: 3 });
  await resumed.write(Buffer.from('lo'));
  expect((await resumed.commit(alive)).digests).toEqual({});
});

test('what the sender sends once more is not stored twice', async () => {
  const landing = await land();
  await landing.write(Buffer.from('hel'));
  await landing.suspend();
  const resumed = await land({ at: 3, again: 1 });
  expect(resumed.size).toBe(2);
  await resumed.write(Buffer.from('l'));
  expect(resumed.size).toBe(3);
  await resumed.write(Buffer.from('lo'));
  expect(await resumed.commit(alive)).toMatchObject({ size: 5 });
});

test('an upload that brings nothing of what was to come again is not whole', async () => {
  const landing = await land();
  await landing.write(Buffer.from('hello'));
  await landing.suspend();
  await expect((await land({ at: 5, again: 1 })).commit(alive)).rejects.toThrow(code('incomplete'));
  expect(await visible()).toBeUndefined();
  expect((await store.uploads.suspended(key))?.size).toBe(5);
});

describe('the edges of the content', () => {
  const x12 = feedOf({ format: 'x12', complete: ['trailer'] });
  const isa = `ISA|00|          |00|          |ZZ|${'A'.repeat(15)}|ZZ|${'B'.repeat(15)}|261125|1200|U|00401|000000001|0|P|>\n`;
  const whole = Buffer.from(`${isa}GS|PO\n${'N1|x\n'.repeat(200)}IEA|1|000000001\n`);

  test.each([1, 7, 255, 256, 257, 5000])('chunks of %d bytes', async (size) => {
    const landing = await land({ feed: x12 });
    for (let at = 0; at < whole.length; at += size) await landing.write(whole.subarray(at, at + size));
    await expect(landing.commit(alive)).resolves.toMatchObject({ size: whole.length });
  });

  test('memory that is used again does not change them', async () => {
    const landing = await land({ feed: x12 });
    const memory = Buffer.alloc(300);
    for (let at = 0; at < whole.length; at += 300) {
      const length = whole.copy(memory, 0, at, at + 300);
      await landing.write(memory.subarray(0, length));
      memory.fill(0);
    }
    await expect(landing.commit(alive)).resolves.toBeDefined();
  });

  test.each([1, 3, 110, 300, whole.length - 3, whole.length - 1])('resumed at %d', async (at) => {
    const first = await land({ feed: x12 });
    await first.write(whole.subarray(0, at));
    await first.suspend();
    const second = await land({ feed: x12, at });
    await second.write(whole.subarray(at));
    await expect(second.commit(alive)).resolves.toMatchObject({ size: whole.length });
  });

  test('resumed before the end of what is kept', async () => {
    const first = await land({ feed: x12 });
    await first.write(whole.subarray(0, 600));
    await first.suspend();
    const second = await land({ feed: x12, at: 400 });
    await second.write(whole.subarray(400, -16));
    await expect(second.commit(alive)).rejects.toThrow('IEA');
    const third = await land({ feed: x12, at: whole.length - 16 });
    await third.write(whole.subarray(-16));
    await expect(third.commit(alive)).resolves.toBeDefined();
  });

  test('resumed before its trailer, which does not come again', async () => {
    const first = await land({ feed: x12 });
    await first.write(whole);
    await first.suspend();
    const second = await land({ feed: x12, at: whole.length - 16 });
    await expect(second.commit(alive)).rejects.toThrow('IEA');
  });

  test('resumed within what is kept of its beginning, with another one', async () => {
    const json = feedOf({ format: 'json', complete: ['trailer'] });
    const first = await land({ feed: json });
    await first.write(Buffer.from(' [1'));
    await first.suspend();
    const second = await land({ feed: json, at: 1 });
    await second.write(Buffer.from('{"a":1}'));
    await expect(second.commit(alive)).resolves.toMatchObject({ size: 8 });
  });

  test('what was written is kept as the end, though its digest has failed', async () => {
    const first = await land({ feed: x12, digestThreads: endedThreads });
    await expect(first.write(whole)).rejects.toThrow('ended');
    await first.suspend();
    const second = await land({ feed: x12, at: whole.length });
    await expect(second.commit(alive)).resolves.toMatchObject({ size: whole.length });
  });

  test('what could not be written is not kept as the end', async () => {
    const first = await land({ feed: x12 });
    await first.write(whole.subarray(0, 400));
    store.onStep = () => {
      throw new Fault('store-full');
    };
    await expect(first.write(whole.subarray(400))).rejects.toThrow(code('store-full'));
    store.onStep = () => undefined;
    await first.suspend();
    await expect((await land({ feed: x12, at: 400 })).commit(alive)).rejects.toThrow('IEA');
  });
});
