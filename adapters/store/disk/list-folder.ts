import { type Buffer, isUtf8 } from 'node:buffer';
import type { Dirent, Stats } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Entry } from '../../../core/ports/store.ts';
import { blobNamedAt, findBlob } from './blobs.ts';
import { blobPath, type Layout } from './layout.ts';
import { statsAt } from './look-up.ts';

/** Names read from the folder at a time. */
const NAMES_AT_ONCE = 1024;
/** How long a listing holds the event loop before others have their turn, in milliseconds. */
const SLICE_MS = 4;

/** A folder's raw names with the kind that the folder itself knows. */
type RawEntry = Dirent<Buffer>;

/**
 * What is in the folder that has a place in the store. Sizes and times are asked for with blocking calls, in slices.
 */
export async function* listFolder(layout: Layout, path: string): AsyncGenerator<Entry> {
  for await (const raw of namesIn(path)) {
    if (!isUtf8(raw.name)) continue;
    const name = raw.name.toString();
    const entry = describe(layout, path, name);
    if (entry === 'astray') {
      const found = await describeAstray(layout, path, name);
      if (found) yield found;
    } else if (entry) yield entry;
  }
}

/** The raw names in a folder, giving way to others in time. */
export async function* namesIn(path: string | Buffer): AsyncGenerator<RawEntry> {
  // The declared type knows only names that are text.
  const folder = await opendir(path as string, {
    encoding: 'buffer' as BufferEncoding,
    bufferSize: NAMES_AT_ONCE,
  });
  let started = performance.now();
  for await (const entry of folder as unknown as AsyncIterable<RawEntry>) {
    if (performance.now() - started > SLICE_MS) {
      await setImmediate();
      started = performance.now();
    }
    yield entry;
  }
}

/** `astray`: a link of ours whose blob is not where it belongs. Undefined: nothing of the store's, or gone. */
function describe(layout: Layout, folder: string, name: string): Entry | 'astray' | undefined {
  const path = `${folder}/${name}`;
  const stats = statsAt(path);
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) return { kind: 'folder', name, modified: stats.mtime };
  if (stats.isFile()) return fileEntry(name, stats);
  if (!stats.isSymbolicLink()) return undefined;
  const blob = blobNamedAt(path);
  if (blob === undefined) return undefined;
  const found = statsAt(blobPath(layout, blob));
  return found ? fileEntry(name, found) : 'astray';
}

async function describeAstray(layout: Layout, folder: string, name: string): Promise<Entry | undefined> {
  const blob = blobNamedAt(`${folder}/${name}`);
  const place = blob === undefined ? undefined : await findBlob(layout, blob);
  return place && fileEntry(name, place.stats);
}

const fileEntry = (name: string, stats: Stats): Entry => ({
  kind: 'file',
  name,
  size: stats.size,
  modified: stats.mtime,
});
