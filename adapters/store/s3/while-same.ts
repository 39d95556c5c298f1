import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import type { Found } from './found.ts';
import { headRaw } from './locate.ts';

/** Throws `busy` when the object is not there any more, or another one is. */
export async function requireSame(bucket: Bucket, { at, signature }: Found): Promise<void> {
  if ((await headRaw(bucket, at))?.signature === signature) return;
  throw new Fault('busy', 'the object was replaced while it was copied');
}

/**
 * Does something with the object, which is in vain, and throws `busy`, when it was replaced, moved or removed meanwhile.
 * Some stores take no notice of the condition that a copy's source is what it was (x-amz-copy-source-if-match).
 */
export async function whileSame(bucket: Bucket, source: Found, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } finally {
    await requireSame(bucket, source);
  }
}
