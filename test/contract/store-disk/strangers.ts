import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { blobName, linkTarget } from '../../../adapters/store/disk/layout.ts';
import { newArrivalId } from '../../../core/arrival.ts';
import { contents, expectFault, names, publish, text } from '../store/given.ts';
import { inFolder } from './in-folder.ts';

const FOLDER = 'files/acme';
const later = (): Date => new Date(Date.now() + 60_000);

export function strangerTests(): void {
  it(
    'shows a file that an operator put there',
    inFolder(async (root, store) => {
      await store.folders.make(FOLDER);
      await writeFile(join(root, 'objects', FOLDER, 'dropped'), 'by hand');
      expect(await names(store, FOLDER)).toEqual(['dropped']);
      expect(await text(store, `${FOLDER}/dropped`)).toBe('by hand');
    }),
  );

  it(
    'follows no link that is not its own, at the end of a key or within it',
    inFolder(async (root, store) => {
      const outside = join(dirname(root), 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'secret'), 'secret');
      await store.folders.make(FOLDER);
      const at = (name: string) => join(root, 'objects', FOLDER, name);
      await symlink(join(outside, 'secret'), at('file'));
      await symlink('../../../../outside/secret', at('relative'));
      await symlink(outside, at('folder'));
      // Another store's, say.
      await symlink(
        linkTarget('files/theirs', blobName(newArrivalId(), 'files/theirs')),
        join(outside, 'theirs'),
      );
      await symlink(`../../../blobs/2026-11-25/../../../outside/secret`, at('near'));
      await symlink('nowhere', at('dangling'));

      expect(await names(store, FOLDER)).toEqual([]);
      for (const name of ['file', 'relative', 'near', 'dangling', 'folder', 'folder/secret']) {
        const key = `${FOLDER}/${name}`;
        expect(await store.objects.head(key), name).toBeUndefined();
        await expectFault(contents(store, key), 'not-found');
        await expectFault(store.objects.copy(key, 'files/copy'), 'not-found');
        await expectFault(store.objects.rename(key, 'files/copy'), 'not-found');
        await expectFault(store.objects.remove(key), 'not-found');
      }
      await expectFault(store.objects.remove(`${FOLDER}/folder/theirs`), 'not-a-folder');
      await expectFault(names(store, `${FOLDER}/folder`), 'not-a-folder');
      await expectFault(store.objects.put(`${FOLDER}/folder/new`, Buffer.from('x')), 'not-a-folder');
      await expectFault(publish(store, `${FOLDER}/folder/new`, 'x'), 'not-a-folder');
      await expectFault(store.folders.make(`${FOLDER}/folder/new`), 'not-a-folder');
      await expectFault(store.folders.rename(`${FOLDER}/folder`, 'files/moved'), 'not-a-folder');
      await store.objects.put(`${FOLDER}/file`, Buffer.from('replaced'));
      await store.uploads.sweep({ uploads: later(), unnamed: later() });
      expect(await readdir(outside)).toEqual(['secret', 'theirs']);
      expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    }),
  );

  it(
    'waits for no pipe, and skips names that are not UTF-8',
    inFolder(async (root, store) => {
      const folder = join(root, 'objects', FOLDER);
      await publish(store, `${FOLDER}/file`, 'x');
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'latin');
      expect(await names(store, FOLDER)).toEqual(['file']);
      expect(await store.objects.head(`${FOLDER}/pipe`)).toBeUndefined();
      await expectFault(contents(store, `${FOLDER}/pipe`), 'not-found');
      await expectFault(store.uploads.resume(`${FOLDER}/pipe`, newArrivalId(), 1), 'bad-offset');
    }),
  );

  it(
    'sweeps nothing whose name is in a folder that is not UTF-8',
    inFolder(
      async (root, store) => {
        const arrival = await publish(store, `${FOLDER}/sub/file`, 'bytes');
        const folder = join(root, 'objects', FOLDER);
        const odd = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]);
        await rename(join(folder, 'sub'), odd);
        for (let time = 0; time < 2; time += 1) {
          await wait(20);
          expect((await store.uploads.sweep({ uploads: later(), unnamed: later() })).unnamed).toBe(0);
        }
        expect(await text(store, `${FOLDER}/sub/file`, arrival)).toBe('bytes');
      },
      { quarantineMs: 0 },
    ),
  );
}
