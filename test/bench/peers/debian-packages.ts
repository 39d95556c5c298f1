import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../run-program.ts';

const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/bench');

/** A program out of packages that are unpacked, not installed. */
export interface Unpacked {
  readonly root: string;
  /** What it needs to find the libraries that came with it. */
  readonly env: { readonly LD_LIBRARY_PATH: string };
}

/**
 * Debian lets a machine have one FTP server: each of them conflicts with the others. So the peers' packages, with the
 * libraries they need, are only unpacked, into a folder of their own, which is kept.
 */
export async function unpackPackages(name: string, packages: readonly string[]): Promise<Unpacked> {
  const root = join(CACHE, name);
  if (!existsSync(root)) await download(root, packages);
  const libraries = join(root, 'usr/lib');
  const folders = (await readdir(libraries)).filter((folder) => folder.endsWith('-linux-gnu'));
  return {
    root,
    env: { LD_LIBRARY_PATH: folders.map((folder) => join(libraries, folder)).join(':') },
  };
}

async function download(root: string, packages: readonly string[]): Promise<void> {
  const unfinished = `${root}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await runProgram('apt-get', ['download', '--quiet', ...packages], { cwd: unfinished });
  for (const file of await readdir(unfinished)) {
    if (file.endsWith('.deb'))
      await runProgram('dpkg-deb', ['--extract', join(unfinished, file), unfinished]);
  }
  await rename(unfinished, root);
}
