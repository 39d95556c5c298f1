import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client as BasicFtp } from 'basic-ftp';
import { afterEach, describe, expect, test } from 'vitest';
import type { Invocation } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { CURL } from './rows/curl.ts';
import { LFTP, lftp, quoted } from './rows/lftp.ts';
import { NCFTP } from './rows/ncftp.ts';
import { RCLONE, rclone } from './rows/rclone.ts';
import { FTPLIB } from './rows/scripted.ts';
import { WGET } from './rows/wget.ts';

/** What a partner and its operator agree on, as the partner's programs see it. */

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(ftp: object): Promise<ClientLab> {
  const lab = await startClientLab({}, ftp);
  cleanUp.push(() => lab.stop());
  return lab;
}

describe('clients read LIST in the style', () => {
  const files: Record<string, string> = {
    'po 1.x12': 'one',
    'empty.txt': '',
    'sub folder/-deep.txt': 'x'.repeat(70_000),
    'sub folder/deeper/2026.txt': 'y',
  };
  const contentOf = async (folder: string): Promise<Record<string, string>> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((one) => one.isFile() && one.name !== '.listing')
      .map(({ parentPath, name }) => join(parentPath, name));
    return Object.fromEntries(
      await Promise.all(
        paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const),
      ),
    );
  };
  type MirrorDown = (server: ClientLab['server'], from: string, to: string) => Invocation;
  const mirrors: Record<string, MirrorDown> = {
    lftp: (server, from, to) => lftp(server, 'set ftp:use-mlsd no', `mirror ${quoted(from)} ${quoted(to)}`),
    rclone: (server, from, to) => rclone(server, '--ftp-disable-mlsd', 'copy', `landfall:${from}`, to),
    wget: WGET.mirrorDown!,
    ncftp: NCFTP.mirrorDown!,
  };

  /** Each style, and who has no parser for it. */
  test.each<[string, readonly string[]]>([
    ['unix', []],
    ['dos', []],
    ['facts', ['wget']],
  ])('%s', async (listing, cannot) => {
    const lab = await start({ listing });
    const local = join(lab.folder, 'tree');
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(local, path)), { recursive: true });
      await writeFile(join(local, path), content);
    }
    await lab.run(LFTP.mirrorUp!(lab.server, local, '/in/tree'));
    for (const [name, mirror] of Object.entries(mirrors)) {
      if (cannot.includes(name)) continue;
      const into = join(lab.folder, name, 'tree');
      await mkdir(into, { recursive: true });
      await lab.run(mirror(lab.server, '/in/tree', into)).catch((thrown) => {
        throw new Error(`${name}: ${thrown.message}`);
      });
      expect([name, await contentOf(into)]).toEqual([name, files]);
    }

    const { host, port, user, password } = lab.server;
    const client = new BasicFtp(100_000);
    client.availableListCommands = ['LIST'];
    await client.access({ host, port, user, password });
    const found = await client.list('/in/tree').finally(() => client.close());
    expect(found.map(({ name, size, isDirectory }) => [name, isDirectory ? 'folder' : size]).sort()).toEqual([
      ['empty.txt', 0],
      ['po 1.x12', 3],
      ['sub folder', 'folder'],
    ]);
  });
});

describe('clients that do not speak UTF-8', () => {
  test('lftp in windows-1251', async () => {
    const lab = await start({ charset: 'windows-1251' });
    const local = join(lab.folder, 'local');
    await writeFile(local, 'привет');
    const speak = ['set ftp:use-utf8 no', 'set ftp:charset windows-1251', 'set file:charset utf-8'];
    await lab.run(
      lftp(lab.server, ...speak, 'mkdir "/in/Россия"', `put ${quoted(local)} -o "/in/Россия/документ"`),
    );
    const listed = await lab.run({
      ...lftp(lab.server, ...speak, 'cd "/in/Россия"', 'pwd', 'cls -1', 'cat документ'),
      env: { LC_ALL: 'C.UTF-8' },
    });
    expect(listed).toContain('документ\n');
    expect(listed.endsWith('привет')).toBe(true);
    expect(await lab.run(CURL.stream!(lab.server, '/in/Россия/документ'))).toBe('привет');
  });

  test('ftplib in latin-1, as it was for twenty years', async () => {
    const lab = await start({ charset: 'iso-8859-1', assumeUtf8: false });
    const local = join(lab.folder, 'local');
    await writeFile(local, 'Größe');
    const latin1 = (invocation: Invocation): Invocation => ({
      ...invocation,
      env: { ...invocation.env, FTPLIB_ENCODING: 'latin-1', PYTHONUTF8: '1' },
    });
    await lab.run(latin1(FTPLIB.upload!(lab.server, local, '/in/Größe')));
    expect(await lab.run(latin1(FTPLIB.listings!.NLST!.run(lab.server, '/in', '')))).toContain('Größe');
    expect(await lab.run(latin1(FTPLIB.stream!(lab.server, '/in/Größe')))).toBe('Größe');
    // Which asks for UTF-8.
    expect(await lab.run(RCLONE.listings!.MLSD!.run(lab.server, '/in', ''))).toBe('Größe\n');
  });
});
