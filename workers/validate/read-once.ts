import { Buffer } from 'node:buffer';
import { type Arrival, type DigestName, digestNames } from '../../core/arrival.ts';
import { createDigester } from '../../core/digests.ts';
import { Fault } from '../../core/fault.ts';
import type { Objects } from '../../core/ports/store.ts';
import { bytesOf, type Work } from '../../core/stage.ts';
import type { ContentCheck } from './content-check.ts';
import { type ContentType, SNIFF_BYTES, sniff } from './sniff.ts';

/**
 * Reads the bytes once, a chunk at a time, for all that want them; no more than the beginning where that tells what
 * they are and nobody wants more. Answers that, and the arrival's digests with those of `wanted` that it lacked. Throws
 * `store-down` where other than the arrival's number of bytes are there.
 */
export async function readOnce(
  objects: Objects,
  { arrival, signal }: Pick<Work, 'arrival' | 'signal'>,
  content: ContentCheck | undefined,
  wanted: readonly DigestName[],
): Promise<{ type: ContentType; digests: Arrival['digests'] }> {
  const lacking = digestNames.filter((name) => wanted.includes(name) && arrival.digests[name] === undefined);
  const readsAll = lacking.length > 0 || content !== undefined || arrival.size < SNIFF_BYTES;
  const digester = createDigester(lacking);
  let head = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of bytesOf(objects, arrival, readsAll ? {} : { to: SNIFF_BYTES })) {
    signal.throwIfAborted();
    size += chunk.length;
    if (head.length < SNIFF_BYTES) head = Buffer.concat([head, chunk.subarray(0, SNIFF_BYTES - head.length)]);
    digester.update(chunk);
    content?.write(chunk);
  }
  const there = readsAll ? size : (await objects.head(arrival.key, arrival.id))?.size;
  if (there !== arrival.size) throw new Fault('store-down', `${there} of ${arrival.size} bytes are there`);
  content?.end();
  return { type: sniff(head), digests: { ...arrival.digests, ...digester.finish() } };
}
