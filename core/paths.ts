import { Buffer } from 'node:buffer';
import { Fault } from './fault.ts';
import { matchesGlob } from './glob.ts';

/**
 * Two kinds of name. A *path* is what a partner sees: absolute from its root, `/in/po.x12`. A *key* is where the
 * store has it: `files/acme/in/po.x12`. Only this file turns one into the other, so no path leaves its root.
 */

/** Bytes in UTF-8; the limit of the common file systems (NAME_MAX). */
export const MAX_SEGMENT_BYTES = 255;
/** Bytes in UTF-8; the limit of S3 for a key. */
export const MAX_KEY_BYTES = 1024;
/** Segments: bounds the folders that one command can make. */
export const MAX_DEPTH = 64;

/**
 * The absolute path that `argument` names from `folder`. `..` at the root stays at the root, as FTP clients expect.
 * Throws `bad-name` for NUL, CR, LF and lone surrogates, `name-too-long` for what no store could hold.
 */
export function resolvePath(folder: string, argument: string): string {
  if (/[\0\r\n]/.test(argument)) throw new Fault('bad-name', 'NUL, CR and LF cannot be part of a name');
  if (!argument.isWellFormed()) throw new Fault('bad-name', 'the name is not valid Unicode');
  const segments: string[] = [];
  for (const segment of `${argument.startsWith('/') ? '' : folder}/${argument}`.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  if (segments.length > MAX_DEPTH) throw new Fault('name-too-long', `more than ${MAX_DEPTH} folders deep`);
  for (const segment of segments) {
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      throw new Fault('name-too-long', `a name has at most ${MAX_SEGMENT_BYTES} bytes`);
    }
  }
  return `/${segments.join('/')}`;
}

/** The key of a partner's path. Throws `name-too-long`. */
export function fileKey(root: string, path: string): string {
  const key = path === '/' ? `files/${root}` : `files/${root}${path}`;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new Fault('name-too-long', `a path has at most ${MAX_KEY_BYTES} bytes`);
  }
  return key;
}

/** The last segment: of `/in/po.x12`, `po.x12`. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder above: of `/in/po.x12`, `/in`; of `/in`, `/`. */
export const parentPath = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** The longest beginning of whole characters that has at most `bytes` bytes in UTF-8. */
export function cutToBytes(text: string, bytes: number): string {
  let end = 0;
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Whether `path` is `folder` or below it. */
export const isWithin = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

/** Whether a name is one that senders give to files they are still writing. Letters' case does not matter. */
export const isTemporaryName = (path: string, patterns: readonly string[]): boolean => {
  const name = baseName(path).toLowerCase();
  return patterns.some((pattern) => matchesGlob(name, pattern.toLowerCase()));
};
