import type { Bucket } from './bucket.ts';
import { decodeKey } from './listing.ts';

export interface OpenMultipart {
  readonly key: string;
  readonly id: string;
  readonly since: Date;
}

/** Multipart uploads that nobody has ended, of keys that begin with `prefix`. */
export async function* openUploads(bucket: Bucket, prefix = ''): AsyncGenerator<OpenMultipart> {
  const below = { Bucket: bucket.name, Prefix: bucket.full(prefix) };
  let encoding: { EncodingType?: 'url' } = { EncodingType: 'url' };
  for (let marker = {}; ; ) {
    const request = { ...below, ...marker, ...encoding };
    const page = await bucket.ask((s3, options) => s3.listMultipartUploads(request, options));
    if (encoding.EncodingType !== page.EncodingType) {
      // Ceph's gateway encodes some of the names then, and does not say so: it is asked for them as they are.
      encoding = {};
      continue;
    }
    for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
      const key = decodeKey(Key, page.EncodingType).slice(bucket.full('').length);
      yield { key, id: UploadId, since: Initiated };
    }
    if (!page.IsTruncated) return;
    marker = {
      KeyMarker: decodeKey(page.NextKeyMarker ?? '', page.EncodingType),
      UploadIdMarker: page.NextUploadIdMarker,
    };
  }
}
