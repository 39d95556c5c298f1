import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, opendir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../core/fault.ts';

/**
 * The hidden folder beside the delivered files, on the same file system: what is being written, and what was done.
 *
 *   <delivery>.<random>.part   one attempt's bytes on their way
 *   <delivery>.ready           all bytes, durable, not yet known to have a name outside
 *   <delivery>.done            has its name: holds it, and no bytes of the file
 */
const HIDDEN_FOLDER = '.landfall';

const DAY_MS = 86_400_000;
/** How long what is hidden stays, by its ending: much longer than a delivery is tried again. */
const KEEP_MS: Readonly<Record<string, number>> = { part: DAY_MS, ready: 7 * DAY_MS, done: 7 * DAY_MS };
/** The hidden folder is looked through at most this often. */
const SWEEP_EVERY_MS = 3_600_000;

export const isMissing = (thrown: unknown): boolean => (thrown as NodeJS.ErrnoException).code === 'ENOENT';

/** Makes what was done in the folder durable: a link or a file that is not in it after a power cut never was. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a new file, durable when it resolves, and leaves nothing when it throws. Mode 0666 less the umask. */
export async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o666);
  try {
    await write(file);
    await file.sync();
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
}

/** A second name for the file; false where the name is taken. Fails, too, where file systems have no hard links. */
export async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw thrown;
    throw new Fault('target-down', `${to}: its file system has no hard links`, { cause: thrown });
  }
}

/** Whether both names are there and mean the same file. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    const [a, b] = [await lstat(one, { bigint: true }), await lstat(other, { bigint: true })];
    return a.ino === b.ino && a.dev === b.dev;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

/** Makes the hidden folder and those above it; removes, now and then, what has been in it for too long. */
export async function openHiddenFolder(folder: string, now = Date.now()): Promise<string> {
  const hidden = join(folder, HIDDEN_FOLDER);
  await mkdir(folder, { recursive: true });
  await mkdir(hidden, { recursive: true, mode: 0o700 });
  const swept = join(hidden, 'swept');
  const last = await stat(swept).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  if (now - last < SWEEP_EVERY_MS) return hidden;

  await (await open(swept, 'a')).close();
  await utimes(swept, new Date(now), new Date(now));
  for await (const { name } of await opendir(hidden)) {
    const keepMs = KEEP_MS[name.slice(name.lastIndexOf('.') + 1)];
    if (keepMs === undefined) continue;
    const file = join(hidden, name);
    // Another worker may sweep, or finish, at the same time.
    const info = await stat(file).catch(() => undefined);
    if (info && now - info.mtimeMs > keepMs) await rm(file, { force: true });
  }
  return hidden;
}
