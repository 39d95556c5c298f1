import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Arrival } from '../../core/arrival.ts';
import { createDigestThreads } from '../../core/digest-threads.ts';
import { decodeEvent } from '../../core/event.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';
import { createLedger } from '../../core/ledger.ts';
import { openZone } from '../../core/open-zone.ts';
import type { Partner } from '../../core/partner.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { createStoredDigests } from '../../core/stored-digests.ts';
import type { UploadMode, Zone } from '../../core/zone.ts';
import { aPartner } from '../support/a-partner.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';

let store: MemoryStore;
let announced: Arrival[];
const code = (expected: FaultCode) => expect.objectContaining({ code: expected });

beforeEach(() => {
  store = createMemoryStore();
  announced = [];
});

/** `now` answers the partner as its file says later; without it nothing changes. */
const open = (more: object = {}, now?: () => Partner | undefined): Promise<Zone> => {
  const partner = aPartner(more);
  const send: Queue['send'] = async (_queue, messages) => {
    announced.push(...messages.map(({ body }) => decodeEvent(body).data.arrival));
  };
  const ledger = createLedger(store);
  return openZone(partner, {
    store,
    queue: { send } as Queue,
    ledger,
    digests: createStoredDigests(store, ledger),
    digestThreads: createDigestThreads(0),
    room: async () => 1000,
    partners: { named: now ?? (() => partner) },
    maxFileSize: 1000,
  });
};

const sender = { protocol: 'ftp', address: '127.0.0.1' };
const reading = { signal: new AbortController().signal, read: () => undefined };
const combining = { signal: reading.signal, wrote: () => undefined };

async function put(zone: Zone, path: string, text: string, how: UploadMode = { at: 0 }): Promise<Arrival> {
  const landing = await zone.upload(path, how, sender);
  if (text !== '') await landing.write(Buffer.from(text));
  return landing.commit(() => ({ controlAlive: true }));
}
const textOf = async (zone: Zone, path: string) =>
  Buffer.concat(await Array.fromAsync((await zone.read(path)).bytes)).toString();

test('opening makes the standing folders; opening again harms nothing', async () => {
  await open();
  const zone = await open();
  expect((await Array.fromAsync(zone.list('/'))).map(({ name }) => name).sort()).toEqual(['in', 'out']);
});

test('a file in the place of a standing folder, or of one above it, locks nobody out', async () => {
  const zone = await open({ folders: [] });
  await put(zone, '/in', 'x');
  await open({ folders: ['/in', '/in/orders', '/out'] });
  expect((await zone.stat('/out')).kind).toBe('folder');
});

describe('permissions', () => {
  const calls: [string, string, (zone: Zone) => unknown][] = [
    ['list', 'stat', (zone) => zone.stat('/in/x')],
    ['list', 'list', async (zone) => zone.list('/in')],
    ['read', 'read', (zone) => zone.read('/in/x')],
    ['read', 'digest', (zone) => zone.digest('/in/x', 'md5', reading)],
    ['read', 'combine', (zone) => zone.combine('/in/y', ['/in/x'], sender, combining)],
    ['delete', 'combine', (zone) => zone.combine('/in/y', ['/in/x'], sender, combining)],
    ['write', 'combine', (zone) => zone.combine('/in/y', ['/in/x'], sender, combining)],
    ['write', 'setModified', (zone) => zone.setModified('/in/x', new Date())],
    ['write', 'room', (zone) => zone.room('/in')],
    ['write', 'upload', (zone) => put(zone, '/in/y', 'y')],
    ['write', 'resumable', (zone) => zone.resumable('/in/x')],
    ['delete', 'remove', (zone) => zone.remove('/in/x')],
    ['delete', 'removeFolder', (zone) => zone.removeFolder('/in/folder')],
    ['make', 'makeFolder', (zone) => zone.makeFolder('/in/new')],
    ['rename', 'rename', (zone) => zone.rename('/in/x', '/in/z')],
    ['write', 'rename', (zone) => zone.rename('/in/x', '/in/z')],
  ];
  const all = ['list', 'read', 'write', 'delete', 'rename', 'make'];

  test.each(calls)('without %s there is no %s, with it there is', async (action, _, call) => {
    const full = await open();
    await put(full, '/in/x', 'x');
    await full.makeFolder('/in/folder');
    const without = await open({
      permissions: [{ folder: '/in', allow: all.filter((one) => one !== action) }],
    });
    await expect((async () => call(without))()).rejects.toThrow(code('not-permitted'));
    expect(await textOf(full, '/in/x')).toBe('x');
    await call(full);
  });

  test.each([
    ['/data', '/data2', '/data/kept'],
    ['/data', '/box', '/box/kept'],
  ])(
    'a folder does not leave the rules of a deeper one behind: %s to %s with %s',
    async (from, to, folder) => {
      const full = await open();
      for (const made of ['/data', '/data/kept']) await full.makeFolder(made);
      const zone = await open({ permissions: [{ folder, allow: ['list', 'read'] }] });
      await expect(zone.rename(from, to)).rejects.toThrow(code('not-permitted'));
      await full.rename(from, to);
    },
  );

  test.each(['/in/x', '/in/folder'])('no folder is made to move %s there', async (from) => {
    const full = await open();
    await put(full, '/in/x', 'x');
    await full.makeFolder('/in/folder');
    const zone = await open({ permissions: [{ folder: '/', allow: all.filter((one) => one !== 'make') }] });
    await expect(zone.rename(from, '/new/x')).rejects.toThrow(code('not-found'));
    await expect(full.stat('/new')).rejects.toThrow(code('not-found'));
  });

  test('the root stays', async () => {
    const zone = await open();
    await expect(zone.removeFolder('/')).rejects.toThrow(code('not-permitted'));
    await expect(zone.rename('/', '/x')).rejects.toThrow(code('not-permitted'));
    await expect(put(zone, '/', 'x')).rejects.toThrow(code('is-a-folder'));
  });
});

describe('uploads', () => {
  test('a final name is announced once, with its feed', async () => {
    const zone = await open({ feeds: [{ name: 'orders', path: '/in/*.x12' }] });
    const arrival = await put(zone, '/in/po.x12', 'hello');
    expect(announced).toEqual([arrival]);
    expect(arrival).toMatchObject({ feed: 'orders', key: 'files/acme/in/po.x12', run: 1 });
  });

  test('existing: refuse keeps the first, and knows before a byte is sent', async () => {
    const zone = await open({ existing: 'refuse' });
    await put(zone, '/in/x', 'first');
    await expect(put(zone, '/in/x', 'second')).rejects.toThrow(code('exists'));
    expect([await textOf(zone, '/in/x'), announced.length]).toEqual(['first', 1]);
  });

  test('into no folder, onto a folder, larger than anybody allows', async () => {
    const zone = await open({ limits: { fileSize: 5 } });
    await expect(put(zone, '/gone/x', 'x')).rejects.toThrow(code('not-found'));
    await expect(put(zone, '/in', 'x')).rejects.toThrow(code('is-a-folder'));
    await expect(put(zone, '/in/x', '123456')).rejects.toThrow(code('too-large'));
    await expect(put(await open(), '/in/x', 'x'.repeat(1001))).rejects.toThrow(code('too-large'));
  });

  test('from a byte before the end of what was cut: what is behind it is sent again', async () => {
    const zone = await open();
    const landing = await zone.upload('/in/x', { at: 0 }, sender);
    await landing.write(Buffer.from('hello~~'));
    await landing.suspend();
    await put(zone, '/in/x', ' there', { at: 5 });
    expect(await textOf(zone, '/in/x')).toBe('hello there');
  });

  test('append does not begin anew because the store does not say what is there', async () => {
    const zone = await open();
    await put(zone, '/in/x', 'first');
    store.uploads.suspended = () => Promise.reject(new Fault('store-down'));
    await expect(put(zone, '/in/x', 'more', 'append')).rejects.toThrow(code('store-down'));
    expect(await textOf(zone, '/in/x')).toBe('first');
  });

  test('their digests are known at once, though the store does not keep them', async () => {
    const zone = await open();
    const { digests } = await put(zone, '/in/x', 'hello');
    const { head } = store.objects;
    store.objects.head = async (key, arrival) => {
      const { digests: _, ...file } = (await head(key, arrival))!;
      return file;
    };
    store.objects.read = () => {
      throw new Error('it is read again');
    };
    expect((await zone.digest('/in/x', 'sha256', reading)).hex).toBe(digests.sha256);
  });

  test('append begins, goes on with what was suspended, and with what is there', async () => {
    const zone = await open();
    const landing = await zone.upload('/in/x', 'append', { protocol: 'ftp', address: '' });
    await landing.write(Buffer.from('a~'));
    await landing.suspend();
    expect(await zone.resumable('/in/x')).toEqual({ size: 1, isCut: true });
    await put(zone, '/in/x', '~b', 'append');
    await put(zone, '/in/x', 'c', 'append');
    expect([await textOf(zone, '/in/x'), announced.map(({ size }) => size)]).toEqual(['a~bc', [3, 4]]);
  });

  test('empty files: ignored ones are stored and not announced', async () => {
    const zone = await open({ feeds: [{ name: 'f', path: '/in/*', accept: { empty: 'ignore' } }] });
    await put(zone, '/in/flag', '');
    expect([(await zone.stat('/in/flag')).kind, announced]).toEqual(['file', []]);
  });
});

describe('temporary names', () => {
  test('stored, not announced; announced once when renamed, and still the same arrival', async () => {
    const zone = await open({ feeds: [{ name: 'orders', path: '/in/*.x12' }] });
    const stored = await put(zone, '/in/.po.x12.filepart', 'hello');
    expect(announced).toEqual([]);
    const steps: string[] = [];
    store.onStep = (step) => steps.push(`${step.split(' ')[0]} ${announced.length}`);
    await sleep(2);
    await zone.rename('/in/.po.x12.filepart', '/in/po.x12');
    expect(steps).toEqual(['rename 1']);
    expect(announced[0]!.receivedAt > stored.receivedAt).toBe(true);
    expect(announced).toMatchObject([
      {
        id: stored.id,
        feed: 'orders',
        path: '/in/po.x12',
        key: 'files/acme/in/po.x12',
        digests: stored.digests,
      },
    ]);
    await zone.rename('/in/po.x12', '/in/po2.x12');
    expect(announced).toHaveLength(1);
  });

  test('of an empty file that its feed ignores: nothing is announced', async () => {
    const zone = await open({ feeds: [{ name: 'f', path: '/in/*', accept: { empty: 'ignore' } }] });
    await put(zone, '/in/flag.tmp', '');
    await zone.rename('/in/flag.tmp', '/in/flag');
    expect([(await zone.stat('/in/flag')).kind, announced]).toEqual(['file', []]);
  });

  test('are written again, though what has its final name is not replaced', async () => {
    const zone = await open({ existing: 'refuse' });
    await put(zone, '/in/x.part', 'first');
    await put(zone, '/in/x.part', 'second');
    expect(await textOf(zone, '/in/x.part')).toBe('second');
  });

  test('from one temporary name to another is nothing to announce', async () => {
    const zone = await open();
    await put(zone, '/in/a.tmp', 'x');
    await zone.rename('/in/a.tmp', '/in/a.part');
    expect(announced).toEqual([]);
  });

  test('of a shared root: the feed and the partner are those of who renames', async () => {
    const first = await open({ root: 'shared', feeds: [{ name: 'orders', path: '/in/*', scan: 'off' }] });
    const second = await open({
      name: 'second',
      root: 'shared',
      feeds: [{ name: 'orders', path: '/in/*' }],
    });
    const stored = await put(first, '/in/x.tmp', 'x');
    await second.rename('/in/x.tmp', '/in/x');
    expect(announced).toMatchObject([{ id: stored.id, partner: 'second', feed: 'orders' }]);
  });

  test('only the file that was announced is renamed, not one that took its place', async () => {
    // A feed that looks at the ends of its files: while it does, the next one comes.
    const zone = await open({ feeds: [{ name: 'all', path: '/in/*', accept: { complete: ['trailer'] } }] });
    await put(zone, '/in/x.tmp', 'first');
    const { read } = store.objects;
    // Another session stores the next file under the name while this one looks at the first.
    store.objects.read = async function* (key, range) {
      yield* read(key, range);
      if (key !== 'files/acme/in/x.tmp') return;
      store.objects.read = read;
      await put(await open(), '/in/x.tmp', 'second');
    };
    await expect(zone.rename('/in/x.tmp', '/in/x')).rejects.toThrow(code('not-found'));
    expect(await textOf(zone, '/in/x.tmp')).toBe('second');
    await expect(zone.stat('/in/x')).rejects.toThrow(code('not-found'));
  });

  test.each<[string, object, string, FaultCode]>([
    ['exists', { existing: 'refuse' }, 'hello', 'exists'],
    ['is too large', { feeds: [{ name: 'f', path: '/in/*', accept: { maxSize: 3 } }] }, 'hello', 'too-large'],
    ['is empty', {}, '', 'empty-file'],
    [
      'is not whole',
      { feeds: [{ name: 'f', path: '/in/*', accept: { format: 'json', complete: ['trailer'] } }] },
      '{"a":',
      'incomplete',
    ],
  ])('a rename to what %s announces nothing and moves nothing', async (_, rules, text, fault) => {
    const zone = await open(rules);
    if (fault === 'exists') await put(zone, '/in/final', 'old');
    announced = [];
    await put(zone, '/in/x.tmp', text);
    await expect(zone.rename('/in/x.tmp', '/in/final')).rejects.toThrow(code(fault));
    expect([announced, (await zone.stat('/in/x.tmp')).kind]).toEqual([[], 'file']);
  });
});

test('a part that was replaced while parts were combined stays', async () => {
  const zone = await open();
  await put(zone, '/in/1.part', 'one ');
  await put(zone, '/in/2.part', 'two');
  store.onStep = (step) => {
    if (step === 'seal files/acme/in/all') {
      store.onStep = () => undefined;
      void store.objects.put('files/acme/in/2.part', Buffer.from('newer'));
    }
  };
  const left = await zone.combine('/in/all', ['/in/1.part', '/in/2.part'], sender, combining);
  expect(left).toEqual(['/in/2.part']);
  expect([await textOf(zone, '/in/all'), await textOf(zone, '/in/2.part')]).toEqual(['one two', 'newer']);
});

test('a removal takes what was cut under that name, too, so that nothing is added to it', async () => {
  const zone = await open();
  const cut = async (): Promise<void> => {
    const landing = await zone.upload('/in/x', { at: 0 }, sender);
    await landing.write(Buffer.from('half'));
    await landing.suspend();
  };
  await cut();
  await zone.remove('/in/x');
  await expect(zone.remove('/in/x')).rejects.toThrow(code('not-found'));
  await put(zone, '/in/x', 'first');
  await cut();
  await zone.remove('/in/x');
  await expect(zone.resumable('/in/x')).rejects.toThrow(code('not-found'));
  await put(zone, '/in/x', 'second', 'append');
  expect(await textOf(zone, '/in/x')).toBe('second');
});

describe('an append-only partner', () => {
  const backups = { appendOnly: true };
  test.each<[string, (zone: Zone) => Promise<unknown>, FaultCode]>([
    ['replaced', (zone) => put(zone, '/in/x', 'other'), 'exists'],
    ['added to', (zone) => put(zone, '/in/x', 'more', 'append'), 'exists'],
    ['cut and gone on with', (zone) => put(zone, '/in/x', 'more', { at: 2 }), 'exists'],
    ['renamed', (zone) => zone.rename('/in/x', '/in/y'), 'not-permitted'],
    ['renamed to a temporary name', (zone) => zone.rename('/in/x', '/in/x.part'), 'not-permitted'],
    ['replaced by a rename', (zone) => zone.rename('/in/y.part', '/in/x'), 'exists'],
    ['removed', (zone) => zone.remove('/in/x'), 'not-permitted'],
    ['combined into another', (zone) => zone.combine('/in/z', ['/in/x'], sender, combining), 'not-permitted'],
    ['moved with its folder', (zone) => zone.rename('/in', '/old'), 'not-permitted'],
    ['removed with its folder', (zone) => zone.removeFolder('/in'), 'not-empty'],
  ])('has no file %s once it has its final name', async (_, change, fault) => {
    const zone = await open(backups);
    await put(zone, '/in/x', 'first');
    await put(zone, '/in/y.part', 'second');
    await expect(change(zone)).rejects.toThrow(code(fault));
    expect([await textOf(zone, '/in/x'), await textOf(zone, '/in/y.part')]).toEqual(['first', 'second']);
    expect(announced).toHaveLength(1);
  });

  test.each(['2020-01-01', '2099-01-01'])(
    'a file is dated %s while it is new, and never after',
    async (day) => {
      const zone = await open(backups);
      await put(zone, '/in/x', 'first');
      const then = new Date(day);
      await zone.setModified('/in/x', then);
      await expect(zone.setModified('/in/x', new Date('2099-01-01'))).rejects.toThrow(code('not-permitted'));
      expect(await zone.stat('/in/x')).toMatchObject({ modified: then });
    },
  );

  test('of two uploads at once one is kept', async () => {
    const zone = await open(backups);
    const [first, second] = [
      await zone.upload('/in/x', { at: 0 }, sender),
      await zone.upload('/in/x', { at: 0 }, sender),
    ];
    await first.write(Buffer.from('first'));
    await second.write(Buffer.from('second'));
    await second.commit(() => ({ controlAlive: true }));
    await expect(first.commit(() => ({ controlAlive: true }))).rejects.toThrow(code('exists'));
    expect(await textOf(zone, '/in/x')).toBe('second');
  });

  test('may do anything with temporary names, and go on with what was cut', async () => {
    const zone = await open(backups);
    await put(zone, '/in/x.part', 'a');
    await put(zone, '/in/x.part', 'ab');
    await put(zone, '/in/x.part', 'c', 'append');
    await zone.rename('/in/x.part', '/in/y.part');
    await zone.rename('/in/y.part', '/in/x');
    expect(await textOf(zone, '/in/x')).toBe('abc');
    await put(zone, '/in/z.part', 'z');
    await zone.remove('/in/z.part');

    const landing = await zone.upload('/in/cut', { at: 0 }, { protocol: 'ftp', address: '' });
    await landing.write(Buffer.from('12'));
    await landing.suspend();
    expect(await zone.resumable('/in/cut')).toEqual({ size: 1, isCut: true });
    await put(zone, '/in/cut', '23', { at: 1 });
    expect(await textOf(zone, '/in/cut')).toBe('123');
  });
});

describe('a drop box', () => {
  const box = { permissions: [{ folder: '/in', allow: ['write'] }] };
  const suspend = async (zone: Zone, path: string): Promise<void> => {
    const landing = await zone.upload(path, { at: 0 }, { protocol: 'ftp', address: '' });
    await landing.write(Buffer.from('half'));
    await landing.suspend();
  };

  const sender = { protocol: 'ftp', address: '' };
  const reading = { signal: new AbortController().signal, read: () => undefined, wrote: () => undefined };

  test.each<[string, (zone: Zone, path: string) => Promise<unknown>]>([
    ['its size', (zone, path) => zone.resumable(path)],
    ['what an upload from its middle answers', (zone, path) => put(zone, path, 'x', { at: 1 })],
    ['a look at it', (zone, path) => zone.stat(path)],
    ['a download', (zone, path) => zone.read(path)],
    ['a removal', (zone, path) => zone.remove(path)],
    ['a rename', (zone, path) => zone.rename(path, '/in/new')],
    ['a new date', (zone, path) => zone.setModified(path, new Date(0))],
    ['the room beside it', (zone, path) => zone.room(path)],
    ['its digest', (zone, path) => zone.digest(path, 'sha256', reading)],
    ['what is made of it', (zone, path) => zone.combine('/out/x', [path], sender, reading)],
  ])('does not tell by %s whether a file is there', async (_, ask) => {
    const zone = await open(box);
    await put(zone, '/in/there', 'secret');
    const answers = await Promise.all(
      ['/in/there', '/in/gone'].map((path) => ask(zone, path).catch((thrown) => thrown.code)),
    );
    expect(answers[0]).toMatch(/^not-/);
    expect(answers[0]).toBe(answers[1]);
    expect(await textOf(await open(), '/in/there')).toBe('secret');
  });

  test('takes what is new, goes on with what was cut, and adds to nothing that is finished', async () => {
    const zone = await open(box);
    await suspend(zone, '/in/x');
    expect(await zone.resumable('/in/x')).toEqual({ size: 3, isCut: true });
    await put(zone, '/in/x', 'f+half', 'append');
    await put(zone, '/in/y', 'y', 'append');
    await expect(put(zone, '/in/y', 'z', 'append')).rejects.toThrow(code('exists'));
    const open2 = await open();
    expect([await textOf(open2, '/in/x'), await textOf(open2, '/in/y')]).toEqual(['half+half', 'y']);
  });

  test('of anybody: nobody replaces or goes on with what another one sent', async () => {
    const anybody = {
      logins: [{ user: 'ftp', anonymous: true }],
      folders: ['/in'],
      ...box,
    };
    const zone = await open(anybody);
    await put(zone, '/in/x', 'first');
    await put(zone, '/in/x.part', 'first');
    for (const path of ['/in/x', '/in/x.part']) {
      await expect(put(zone, path, 'second')).rejects.toThrow(code('exists'));
    }
    await suspend(zone, '/in/cut');
    await expect(zone.resumable('/in/cut')).rejects.toThrow(code('not-found'));
    await expect(put(zone, '/in/cut', 'x', { at: 4 })).rejects.toThrow(code('not-found'));
    await put(zone, '/in/cut', 'mine', 'append');
    expect(await textOf(await open(), '/in/cut')).toBe('mine');
  });
});

test('who is anonymous reads, and nothing else', async () => {
  await put(await open(), '/in/x', 'x');
  const zone = await open({ logins: [{ user: 'ftp', anonymous: true }] });
  expect(await textOf(zone, '/in/x')).toBe('x');
  const changes: ((zone: Zone) => Promise<unknown>)[] = [
    (one) => put(one, '/in/y', 'y'),
    (one) => one.remove('/in/x'),
    (one) => one.rename('/in/x', '/in/y'),
    (one) => one.makeFolder('/new'),
    (one) => one.removeFolder('/out'),
  ];
  for (const change of changes) await expect(change(zone)).rejects.toThrow(code('not-permitted'));
});

describe("a change of the partner's file, for a session that is logged in", () => {
  test('holds before anything is asked of its zone', async () => {
    let now: Partner | undefined = aPartner();
    const zone = await open({}, () => now);
    now = aPartner({ ftp: { tls: 'required' } });
    expect(zone.partner.ftp.tls).toBe('required');
    now = undefined;
    expect(zone.partner.name).toBe('acme');
  });

  const rules = { addresses: ['192.0.2.0/24'] };

  test('permissions and feeds hold from the next command on', async () => {
    let now: Partner | undefined = aPartner(rules);
    const zone = await open(rules, () => now);
    const feeds = [{ name: 'late', path: '/in/*' }];
    now = aPartner({ ...rules, feeds, permissions: [{ folder: '/out', allow: [] }] });
    expect(await put(zone, '/in/x', 'x')).toMatchObject({ feed: 'late' });
    expect(() => zone.list('/out')).toThrow(code('not-permitted'));
  });

  test('an upload that is under way ends as it began', async () => {
    let now: Partner | undefined = aPartner(rules);
    const zone = await open(rules, () => now);
    const landing = await zone.upload('/in/x', { at: 0 }, { protocol: 'ftp', address: '' });
    await landing.write(Buffer.from('x'));
    now = undefined;
    await landing.commit(() => ({ controlAlive: true }));
    expect(announced).toHaveLength(1);
  });

  const password = aPartner().logins[0]!.password!;
  test.each<[string, object | undefined]>([
    ['the partner is removed', undefined],
    ['the partner is disabled', { ...rules, enabled: false }],
    ['a login is removed', { ...rules, logins: [{ user: 'other', password }] }],
    ['a password is changed', { ...rules, logins: [{ user: 'a', password: password.replace('A', 'B') }] }],
    ['it may come from elsewhere only', { addresses: ['198.51.100.0/24'] }],
  ])('nothing is permitted any more when %s', async (_, later) => {
    let now: Partner | undefined = aPartner(rules);
    const zone = await open(rules, () => now);
    await zone.stat('/in');
    now = later && aPartner(later);
    await expect(zone.stat('/in')).rejects.toThrow(code('not-permitted'));
    await expect(put(zone, '/in/x', 'x')).rejects.toThrow(code('not-permitted'));
  });

  test('nothing is taken away when a login is added', async () => {
    let now: Partner | undefined = aPartner(rules);
    const zone = await open(rules, () => now);
    now = aPartner({
      ...rules,
      logins: [
        { user: 'new', password },
        { user: 'a', password },
      ],
    });
    expect((await zone.stat('/in')).kind).toBe('folder');
  });
});

test('no path reaches another root', async () => {
  const zone = await open();
  await (await open({ name: 'other' })).makeFolder('/secret');
  await expect(zone.stat('/../other/secret')).rejects.toThrow(code('not-found'));
});
