import type { Bucket } from './bucket.ts';

/** Bytes that CopyObject takes, and the largest part. */
export const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** The source's name as the header wants it. */
export const copySource = (bucket: Bucket, at: string): string =>
  [bucket.name, ...bucket.full(at).split('/')].map(encodeURIComponent).join('/');
