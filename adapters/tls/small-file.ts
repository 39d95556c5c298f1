import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_FILE_BYTES = 256 * 1024;

/** The text of a certificate or of keys. Throws with the reason, for what is no file or too large for one of those. */
export async function readSmallFile(path: string): Promise<string> {
  const stats = await stat(path);
  if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw new Error('it is no file, or too large for one');
  return readFile(path, 'utf8');
}

/** Changes when any file of the folder does: names, and what stat says of them, links followed. */
export async function stampOf(folder: string): Promise<string> {
  const parts: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const stats = await stat(join(folder, name)).catch(() => undefined);
    parts.push(`${name} ${stats?.ino} ${stats?.size} ${stats?.mtimeMs} ${stats?.ctimeMs}`);
  }
  return parts.join('\n');
}
