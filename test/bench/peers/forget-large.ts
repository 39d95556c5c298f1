import { readdir, rm } from 'node:fs/promises';

/** Removes the large files that were uploaded to the folder. */
export async function forgetLargeIn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('large')) await rm(`${folder}/${name}`);
  }
}
