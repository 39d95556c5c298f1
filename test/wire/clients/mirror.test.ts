import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { LFTP, lftp } from './rows/lftp.ts';
import { rclone } from './rows/rclone.ts';
import { startWireTap } from './wire-tap.ts';

const FILES = 300;

/** Paths and contents of all files below. */
async function tree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(
      files.sort().map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')]),
    ),
  );
}

describe('clients mirror a tree of 300 files', () => {
  let lab: ClientLab;
  let local: string;
  let wanted: Record<string, string>;
  beforeAll(async () => {
    lab = await startClientLab();
    local = join(lab.folder, 'tree');
    for (let number = 0; number < FILES; number += 1) {
      const folder = join(local, `folder ${number % 10}`, number % 3 ? '' : 'deeper');
      await mkdir(folder, { recursive: true });
      const path = join(folder, `po ${number}.x12`);
      await writeFile(path, `content ${number}`.repeat(number));
      await utimes(path, 1_600_000_000, 1_600_000_000);
    }
    wanted = await tree(local);
    await lab.run(LFTP.mirrorUp!(lab.server, local, '/in/tree'));
  });
  afterAll(() => lab.stop());

  test.each(clientsThat('mirrorUp'))('%s up', async (name, client) => {
    const remote = `/in/${name}/tree`;
    const back = join(lab.folder, `back-${name}`);
    await lab.run(lftp(lab.server, `mkdir /in/${name}`));
    await lab.run(client.mirrorUp(lab.server, local, remote));
    await lab.run(LFTP.mirrorDown!(lab.server, remote, back));
    expect(await tree(back)).toEqual(wanted);
  });

  test.each(clientsThat('mirrorDown'))('%s down', async (name, client) => {
    const into = join(lab.folder, `down-${name}`, 'tree');
    await mkdir(into, { recursive: true });
    await lab.run(client.mirrorDown(lab.server, '/in/tree', into));
    expect(await tree(into)).toEqual(wanted);
  });

  test('every file of every mirror is announced once', async () => {
    const mirrors = ['', ...clientsThat('mirrorUp').map(([name]) => `/${name}`)];
    const paths = mirrors.flatMap((mirror) => Object.keys(wanted).map((path) => `/in${mirror}/tree/${path}`));
    const announced = await lab.arrivals((done) => done.length >= paths.length - mirrors.length);
    expect(announced.map(({ path }) => path).sort()).toEqual(paths.sort());
  });

  /** The ways in which lftp sets a time, the newest first, and what turns to each of them. */
  test.each([
    ['MFMT', []],
    ['SITE UTIME', ['use-feat false']],
    ['SITE UTIME', ['use-feat false', 'use-site-utime2 false']],
    ['MDTM', ['use-feat false', 'use-site-utime2 false', 'use-site-utime false', 'use-mdtm-overloaded true']],
  ])('lftp keeps times by %s with %j', async (command, which) => {
    const settings = which.map((setting) => `set ftp:${setting}`);
    const tap = await startWireTap(lab.server);
    const name = `times-${which.length}`;
    await lab.run(lftp(tap.server, ...settings, `mirror -R --parallel=4 ${local} /in/${name}`));
    expect(tap.said.filter((line) => line.startsWith('STOR')).length).toBe(FILES);
    expect(tap.said.filter((line) => line.startsWith(`${command} `)).length).toBe(FILES);

    // What is there and as new is not sent again.
    tap.said.length = 0;
    await lab.run(lftp(tap.server, ...settings, `mirror -R ${local} /in/${name}`));
    tap.close();
    expect(tap.said.filter((line) => line.startsWith('STOR'))).toEqual([]);

    const back = join(lab.folder, name);
    await lab.run(LFTP.mirrorDown!(lab.server, `/in/${name}`, back));
    const paths = Object.keys(wanted);
    const times = await Promise.all(paths.map(async (path) => (await stat(join(back, path))).mtimeMs));
    expect([...new Set(times)]).toEqual([1_600_000_000_000]);
  });

  test('rclone sync removes what is gone at home, and check sees every difference', async () => {
    await lab.run(rclone(lab.server, 'check', '--download', local, 'landfall:/in/rclone/tree'));
    await rm(join(local, 'folder 1'), { recursive: true });
    await expect(
      lab.run(rclone(lab.server, 'check', '--download', local, 'landfall:/in/rclone/tree')),
    ).rejects.toThrow('differences found');
    await lab.run(rclone(lab.server, 'sync', local, 'landfall:/in/rclone/tree'));
    await lab.run(rclone(lab.server, 'check', '--download', local, 'landfall:/in/rclone/tree'));
    expect(await lab.names('/in/rclone/tree')).not.toContain('folder 1');
  });
});
