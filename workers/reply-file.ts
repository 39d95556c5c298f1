import { Buffer } from 'node:buffer';
import type { Arrival } from '../core/arrival.ts';
import { Fault } from '../core/fault.ts';
import { rootOf } from '../core/partner.ts';
import { baseName, cutToBytes, fileKey, MAX_SEGMENT_BYTES } from '../core/paths.ts';
import type { Objects } from '../core/ports/store.ts';
import { readWhole } from '../core/read-whole.ts';
import type { Work } from '../core/stage.ts';

/** Names that are tried when somebody else's file has the one that is meant. */
const MAX_NAMES = 9;

/**
 * Puts a small file for the partner into its own root, where its feed says, and answers the path. A second run puts
 * the same bytes under the same name, once. Never replaces a file that is not its own.
 */
export async function putReply(
  objects: Objects,
  { arrival, partner, feed }: Pick<Work, 'arrival' | 'partner' | 'feed'>,
  ending: string,
  bytes: Buffer,
): Promise<string> {
  const folder = feed.acknowledge.folder === '/' ? '' : feed.acknowledge.folder;
  for (let number = 1; number <= MAX_NAMES; number += 1) {
    const path = `${folder}/${replyName(arrival, number === 1 ? ending : `${number}.${ending}`)}`;
    const key = fileKey(rootOf(partner), path);
    try {
      await objects.put(key, bytes, { ifAbsent: true });
      return path;
    } catch (thrown) {
      if (Fault.from(thrown).code !== 'exists') throw thrown;
      if (await holds(objects, key, bytes)) return path;
    }
  }
  throw new Fault('exists', `${folder}/${replyName(arrival, ending)}`);
}

/** `po.x12` of run 1 gets `po.x12.4f21c09ab3de.997`: the end of its arrival id, which is the random part. */
function replyName(arrival: Arrival, ending: string): string {
  const run = arrival.run > 1 ? `.run${arrival.run}` : '';
  const suffix = `.${arrival.id.slice(-12)}${run}.${ending}`;
  const stem = baseName(arrival.path).replace(/[\p{C}\u2028\u2029]/gu, '_');
  return cutToBytes(stem, MAX_SEGMENT_BYTES - Buffer.byteLength(suffix)) + suffix;
}

async function holds(objects: Objects, key: string, bytes: Buffer): Promise<boolean> {
  try {
    return (await readWhole(objects, key, bytes.length)).equals(bytes);
  } catch (thrown) {
    const { code } = Fault.from(thrown);
    if (code === 'too-large' || code === 'not-found' || code === 'is-a-folder') return false;
    throw thrown;
  }
}
