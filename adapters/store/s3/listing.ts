import type { Bucket } from './bucket.ts';

export interface Listed {
  /** Without the store's prefix. */
  readonly key: string;
  readonly size: number;
  readonly modified: Date;
}

/** What is below a prefix, page by page: objects, and with `delimiter` the prefixes up to the next slash. */
export async function* listPages(
  bucket: Bucket,
  prefix: string,
  delimiter?: '/',
): AsyncGenerator<{ objects: Listed[]; prefixes: string[] }> {
  const below = {
    Bucket: bucket.name,
    Prefix: bucket.full(prefix),
    ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
    // XML has no control characters, names may.
    EncodingType: 'url' as const,
  };
  for (let token: string | undefined; ; ) {
    const more = token === undefined ? {} : { ContinuationToken: token };
    const page = await bucket.ask((s3, options) => s3.listObjectsV2({ ...below, ...more }, options));
    const own = (key = ''): string => decodeKey(key, page.EncodingType).slice(bucket.full('').length);
    yield {
      objects: (page.Contents ?? []).map(({ Key, Size = 0, LastModified = new Date(0) }) => ({
        key: own(Key),
        size: Size,
        modified: LastModified,
      })),
      prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => own(Prefix)),
    };
    if (!page.IsTruncated) return;
    token = page.NextContinuationToken;
  }
}

/** All objects below a prefix. */
export async function* listAll(bucket: Bucket, prefix: string): AsyncGenerator<Listed> {
  for await (const { objects } of listPages(bucket, prefix)) yield* objects;
}

/** A name in a listing; some stores write a space as a plus sign. */
export const decodeKey = (key: string, encoding: string | undefined): string =>
  encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
