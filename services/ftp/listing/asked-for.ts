import { globMatcher } from '../../../core/glob.ts';
import { baseName, isWithin, parentPath, resolvePath } from '../../../core/paths.ts';
import type { Entry } from '../../../core/ports/store.ts';
import type { Zone } from '../../../core/zone.ts';
import { inOrder } from './in-order.ts';

/** An entry, its path, and its name as it was asked for, so that it can be used as an argument again. */
export interface Listed {
  readonly entry: Entry;
  readonly path: string;
  readonly name: string;
}

const WILDCARD = /[*?[{]/;
const FLAGS = /^\s*(?:-[A-Za-z1]+(?:\s+|$))+/;

/**
 * `-la `, as people type it for `ls`: not part of the path. `d` is the folder itself, `l` makes NLST tell lines, `t` and
 * `r` are an order. All names are told anyway (`a`), never those of folders within (`R`): there may be too many.
 */
export const flagsOf = (argument: string): string => FLAGS.exec(argument)?.[0] ?? '';

/**
 * What LIST and NLST are asked for: a folder's entries, a file, or what matches a pattern in the last segment.
 * Throws `not-found`, `not-permitted` before the first entry is asked for.
 */
export async function askedFor(zone: Zone, folder: string, argument: string): Promise<AsyncIterable<Listed>> {
  const flags = flagsOf(argument);
  const text = argument.slice(flags.length);
  const path = resolvePath(folder, text);
  const last = baseName(path);
  const isPattern = WILDCARD.test(last) && !isWithin(folder, path);
  if (isPattern && !(await exists(zone, path))) {
    const above = parentPath(path);
    await zone.stat(above);
    const prefix = text.slice(0, text.lastIndexOf('/') + 1);
    return inOrder(entriesOf(zone, above, prefix, globMatcher(last)), flags);
  }
  const entry = await zone.stat(path);
  const own = text.replace(/\/+$/, '');
  // RFC 1123 §4.1.2.7: the names can be used as they are for the commands that follow.
  if (entry.kind === 'file') return one({ entry, path, name: own });
  if (flags.includes('d')) return one({ entry, path, name: own || '.' });
  const prefix = text === '' || text === '.' ? '' : text.endsWith('/') ? text : `${text}/`;
  return inOrder(
    entriesOf(zone, path, prefix, () => true),
    flags,
  );
}

/** A file whose name holds a wildcard is itself. */
const exists = (zone: Zone, path: string): Promise<boolean> =>
  zone.stat(path).then(
    () => true,
    () => false,
  );

async function* one(listed: Listed): AsyncGenerator<Listed> {
  yield listed;
}

async function* entriesOf(
  zone: Zone,
  folder: string,
  prefix: string,
  matches: (name: string) => boolean,
): AsyncGenerator<Listed> {
  for await (const entry of zone.list(folder)) {
    if (matches(entry.name)) {
      yield { entry, path: resolvePath(folder, entry.name), name: prefix + entry.name };
    }
  }
}
