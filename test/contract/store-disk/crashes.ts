import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import { newArrivalId } from '../../../core/arrival.ts';
import type { Store } from '../../../core/ports/store.ts';
import { entries, expectFault, names, publish, suspend, text } from '../store/given.ts';
import { inFolder } from './in-folder.ts';

const KEY = 'files/acme/in/po.x12';
const later = (): Date => new Date(Date.now() + 60_000);

/** The state of a publisher that died between the link and the move of the blob. */
async function undoMove(root: string, folder: 'uploads' | 'unnamed'): Promise<void> {
  const link = join(root, 'objects', KEY);
  const blob = join(dirname(link), await readlink(link));
  await rename(blob, join(root, folder, basename(blob)));
}

const readers: Record<string, (store: Store, arrival: string) => Promise<unknown>> = {
  head: async (store) => expect(await store.objects.head(KEY)).toMatchObject({ size: 5 }),
  'head by arrival': async (store, arrival) =>
    expect(await store.objects.head(KEY, arrival)).toMatchObject({ size: 5 }),
  read: async (store) => expect(await text(store, KEY)).toBe('bytes'),
  list: async (store) => expect(await entries(store, 'files/acme/in')).toMatchObject([{ size: 5 }]),
  rename: (store) => store.objects.rename(KEY, KEY.toUpperCase()),
  remove: (store) => store.objects.remove(KEY),
  replace: (store) => publish(store, KEY, 'other', { replace: true }),
  sweep: (store) => store.uploads.sweep({ uploads: later(), unnamed: later() }),
};

export function crashTests(): void {
  describe.each(['uploads', 'unnamed'] as const)('that left a named blob in %s/', (folder) => {
    it.each(Object.entries(readers))('%s finishes what was begun', (_name, use) =>
      inFolder(
        async (root, store) => {
          const arrival = await publish(store, KEY, 'bytes');
          await undoMove(root, folder);
          await wait(20);
          await use(store, arrival);
          expect(await text(store, KEY, arrival)).toBe('bytes');
          expect(await readdir(join(root, 'unnamed'))).toEqual([]);
        },
        { quarantineMs: 0 },
      )(),
    );
  });

  it(
    'reads a blob where it is when it cannot be moved',
    inFolder(async (root, store) => {
      await publish(store, KEY, 'bytes');
      await undoMove(root, 'uploads');
      await rm(join(root, 'blobs'), { recursive: true });
      await writeFile(join(root, 'blobs'), 'in the way');
      expect(await text(store, KEY)).toBe('bytes');
      await publish(store, `${KEY}.2`, 'others');
      expect(await text(store, `${KEY}.2`)).toBe('others');
    }),
  );

  it(
    'forgets a suspended upload whose bytes are gone',
    inFolder(async (root, store) => {
      await suspend(store, KEY, 'half');
      for (const name of await readdir(join(root, 'uploads'))) await unlink(join(root, 'uploads', name));
      expect(await store.uploads.suspended(KEY)).toBeUndefined();
      await publish(store, KEY, 'whole');
      expect(await readdir(join(root, 'suspended'))).toEqual([]);
    }),
  );

  it(
    'sweeps what those who died were writing, and not what is written now',
    inFolder(async (root, store) => {
      const never = new Date(0);
      await writeFile(join(root, 'tmp', 'left'), 'half');
      await store.uploads.sweep({ uploads: never, unnamed: never });
      expect(await readdir(join(root, 'tmp'))).toEqual(['left']);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 });
      try {
        await store.uploads.sweep({ uploads: never, unnamed: never });
      } finally {
        vi.useRealTimers();
      }
      expect(await readdir(join(root, 'tmp'))).toEqual([]);
    }),
  );

  it(
    'finds by its arrival what a sweep had set aside though it has a name, which was moved since',
    inFolder(
      async (root, store) => {
        const arrival = await publish(store, KEY, 'bytes');
        await undoMove(root, 'unnamed');
        await store.folders.rename(dirname(KEY), `${dirname(KEY)}-moved`);
        await store.uploads.sweep({ uploads: later(), unnamed: later() });
        expect(await text(store, KEY, arrival)).toBe('bytes');
      },
      { quarantineMs: 0 },
    ),
  );

  it(
    "keeps the bytes of a key's newest suspended upload only",
    inFolder(async (root, store) => {
      await suspend(store, KEY, 'older');
      await suspend(store, KEY, 'newer');
      expect(await readdir(join(root, 'uploads'))).toHaveLength(1);
    }),
  );

  it(
    'leaves a suspended upload that cannot be opened now to the next one who asks',
    inFolder(async (root, store) => {
      await suspend(store, KEY, 'half');
      const [name] = await readdir(join(root, 'uploads'));
      const [bytes, aside] = [join(root, 'uploads', name!), join(root, 'aside')];
      await rename(bytes, aside);
      await mkdir(bytes);
      await expectFault(store.uploads.resume(KEY, newArrivalId(), 1), 'is-a-folder');
      await rmdir(bytes);
      await rename(aside, bytes);
      expect((await store.uploads.suspended(KEY))?.size).toBe(4);
    }),
  );

  it(
    'waits minutes, and no longer, for one that went on with an upload and died',
    inFolder(async (_root, store) => {
      await publish(store, KEY, 'finished');
      await suspend(store, KEY, 'half');
      const dead = await store.uploads.resume(KEY, newArrivalId(), 4);
      await expectFault(store.uploads.resume(KEY, newArrivalId(), 4), 'busy');
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 });
      try {
        await (await store.uploads.resume(KEY, newArrivalId(), 4)).abort();
      } finally {
        vi.useRealTimers();
      }
      await dead.abort();
    }),
  );

  it(
    'gives an object the time of its end, however old its last byte is',
    inFolder(async (root, store) => {
      const upload = await store.uploads.begin(KEY, newArrivalId());
      await upload.write(Buffer.from('whole'));
      for (const name of await readdir(join(root, 'uploads')))
        await utimes(join(root, 'uploads', name), 1, 1);
      // As long as a write counts as the end.
      await wait(1100);
      await upload.seal();
      const { modified } = await upload.publish();
      expect(Math.abs(Date.now() - modified.getTime())).toBeLessThan(60_000);
    }),
  );

  it(
    'removes and replaces a name whose blob is gone',
    inFolder(async (root, store) => {
      for (const replace of [false, true]) {
        await publish(store, KEY, 'bytes', { replace });
        await rm(join(root, 'blobs'), { recursive: true });
        expect(await store.objects.head(KEY)).toBeUndefined();
        expect(await names(store, 'files/acme/in')).toEqual([]);
        if (replace) await publish(store, KEY, 'again', { replace });
        else await store.objects.remove(KEY);
      }
      expect(await text(store, KEY)).toBe('again');
    }),
  );

  it(
    'leaves nothing but the objects when all went well',
    inFolder(async (root, store) => {
      await publish(store, KEY, 'bytes');
      await suspend(store, KEY, 'half');
      await publish(store, KEY, 'other', { replace: true });
      await store.objects.put('ledger/x', Buffer.from('put'));
      await store.objects.rename('ledger/x', 'ledger/y');
      await store.objects.rename(KEY, `${KEY}.done`);
      await expectFault(publish(store, `${KEY}.done`, 'third'), 'exists');
      await publish(store, KEY, 'fourth');
      await expectFault(store.objects.rename(KEY, `${KEY}.done`), 'exists');
      for (const folder of ['uploads', 'suspended', 'tmp', 'unnamed']) {
        expect(await readdir(join(root, folder)), folder).toEqual([]);
      }
    }),
  );

  it(
    'deletes what lost its name only after its quarantine',
    inFolder(
      async (root, store) => {
        const arrival = await publish(store, KEY, 'bytes');
        await store.objects.remove(KEY);
        await wait(20);
        await store.uploads.sweep({ uploads: later(), unnamed: later() });
        expect(await store.objects.head(KEY, arrival)).toBeUndefined();
        expect(await readdir(join(root, 'unnamed'))).toHaveLength(1);
        await wait(20);
        await store.uploads.sweep({ uploads: later(), unnamed: later() });
        expect(await readdir(join(root, 'unnamed'))).toEqual([]);
        expect(await readdir(join(root, 'blobs'))).toEqual([]);
      },
      { quarantineMs: 10 },
    ),
  );

  it(
    'is whole after its root was moved, to the tools of the system too',
    inFolder(async (root, store) => {
      const arrival = await publish(store, KEY, 'bytes');
      const moved = join(dirname(root), 'elsewhere');
      await rename(root, moved);
      expect(await text(await openDiskStore({ root: moved }), KEY, arrival)).toBe('bytes');
      expect(await readFile(join(moved, 'objects', KEY), 'utf8')).toBe('bytes');
      const target = await readlink(join(moved, 'objects', KEY));
      expect(relative(moved, join(moved, 'objects', dirname(KEY), target))).toMatch(/^blobs\//);
    }),
  );
}
