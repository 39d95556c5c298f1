import { Buffer } from 'node:buffer';
import { isAnnounced, maxSizeIn, requireNotEmpty } from './accepted-size.ts';
import type { Arrival } from './arrival.ts';
import { requireWhole } from './evidence.ts';
import { Fault } from './fault.ts';
import { feedFor, type Partner } from './partner.ts';
import type { ObjectInfo, Objects } from './ports/store.ts';
import { readEdges } from './read-edges.ts';
import { showBytes } from './units.ts';

export interface FinalName {
  readonly partner: Partner;
  readonly path: string;
  readonly key: string;
  /** Bytes; the listener's own limit for one file. */
  readonly maxFileSize: number;
}

/**
 * What is to be announced of a file that was stored under a temporary name before it gets its final one, by the rules
 * of that one's feed; nothing for an empty file that the feed ignores. Throws `too-large`, `incomplete`, `empty-file`.
 */
export async function arrivalUnder(
  { partner, path, key, maxFileSize }: FinalName,
  stored: Arrival,
  file: ObjectInfo,
  objects: Pick<Objects, 'read'>,
): Promise<Arrival | undefined> {
  const feed = feedFor(partner, path);
  const { size } = file;
  const maxSize = maxSizeIn(feed, partner, maxFileSize);
  if (size > maxSize) throw new Fault('too-large', `at most ${showBytes(maxSize)}`);
  // Most feeds do not look at the ends, and a rename must cost little.
  const looks = feed.accept.complete.includes('trailer');
  const edges = looks ? await readEdges(objects, file) : { head: undefined, tail: Buffer.alloc(0) };
  requireWhole(feed, { size, ...edges }, { announcedSize: size, controlAlive: true });
  requireNotEmpty(feed, size);
  if (!isAnnounced(feed, size)) return undefined;
  return {
    ...stored,
    // Where partners share a root, another one may have stored it: the feed is of who renames.
    partner: partner.name,
    feed: feed.name,
    key,
    path,
    receivedAt: new Date().toISOString(),
  };
}
