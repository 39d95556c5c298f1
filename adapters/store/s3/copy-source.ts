import type { Bucket } from './bucket.ts';

/** Bytes that CopyObject takes, and the largest part. */
export const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** The source's name as the header wants it. */
export const copySource = (bucket: Bucket, at: string): string =>
  [bucket.name, ...bucket.full(at).split('/')].map(encodeURIComponent).join('/');

export interface CopyRange {
  readonly from: number;
  readonly bytes: number;
}

/** The first `size` bytes in as few ranges as there can be of at most `atMost` bytes, all of about one length. */
export function copyRanges(size: number, atMost: number): CopyRange[] {
  const count = Math.ceil(size / atMost);
  const each = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => {
    const from = index * each;
    return { from, bytes: Math.min(each, size - from) };
  });
}
