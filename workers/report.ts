import { Buffer } from 'node:buffer';
import type { StageName } from '../core/event.ts';
import { Fault } from '../core/fault.ts';
import { rootOf } from '../core/partner.ts';
import { baseName, fileKey, MAX_SEGMENT_BYTES } from '../core/paths.ts';
import type { StagePorts, Work } from '../core/stage.ts';

/**
 * Puts what a stage has to say to the sender into the feed's acknowledge folder, as text. The name is the same for
 * every attempt, and what is there stays. Answers the path as the partner sees it.
 */
export async function writeReport(
  { store }: Pick<StagePorts, 'store'>,
  { arrival, partner, feed }: Work,
  { stage, text }: { stage: StageName; text: string },
): Promise<string> {
  const ending = `.${arrival.id}-${arrival.run}.${stage}.txt`;
  const name = cutTo(baseName(arrival.path), MAX_SEGMENT_BYTES - ending.length) + ending;
  const path = `${feed.acknowledge.folder === '/' ? '' : feed.acknowledge.folder}/${name}`;
  try {
    await store.objects.put(fileKey(rootOf(partner), path), Buffer.from(text), { ifAbsent: true });
  } catch (thrown) {
    if (!(thrown instanceof Fault && thrown.code === 'exists')) throw thrown;
  }
  return path;
}

/** The beginning of the text that has at most so many bytes in UTF-8, no character cut in two. */
function cutTo(text: string, bytes: number): string {
  let cut = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    cut += character;
  }
  return cut;
}
