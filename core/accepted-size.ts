import { Fault } from './fault.ts';
import type { Feed } from './feed.ts';
import type { Partner } from './partner.ts';

/** Which sizes are taken, in bytes. */

/** The least of what the listener, the partner and the feed take. */
export const maxSizeIn = (feed: Feed, partner: Partner, maxFileSize: number): number =>
  Math.min(maxFileSize, partner.limits.fileSize ?? Infinity, feed.accept.maxSize ?? Infinity);

/** Throws `empty-file` where the feed refuses such. */
export function requireNotEmpty(feed: Feed, size: number): void {
  if (size === 0 && feed.accept.empty === 'refuse') throw new Fault('empty-file');
}

export const isAnnounced = (feed: Feed, size: number): boolean =>
  size > 0 || feed.accept.empty === 'announce';
