import type { Bucket } from './bucket.ts';
import { copySource, MAX_COPY_BYTES } from './copy-source.ts';
import type { Found } from './found.ts';
import { writeLateFacts } from './late-facts.ts';
import { headRaw } from './locate.ts';
import { metadataOf, newMark } from './metadata.ts';
import { beginMultipart, MAX_PARTS } from './multipart.ts';
import { requireResult } from './require-result.ts';
import { isFault } from './s3-fault.ts';
import { requireSame, whileSame } from './while-same.ts';

/** Bytes of what one request copies whole, and of the parts of what is larger: several are copied at the same time. */
export interface CopyLimits {
  readonly whole: number;
  readonly part: number;
}

const COPY_LIMITS: CopyLimits = { whole: MAX_COPY_BYTES, part: 512 * 1024 ** 2 };

export interface CopyOptions {
  /** Instead of the source's. */
  readonly modified?: Date;
  /** Instead of a new one: for a copy onto itself, which is still the same write. */
  readonly mark?: string | undefined;
  /** Fails with `exists` where there is an object, if the store can do that. */
  readonly ifAbsent?: boolean;
  readonly limits?: CopyLimits;
}

/**
 * Copies within the store with the source's facts, atomically: the object is there whole, or not. Throws `busy` when
 * the source is not there any more, or another one is, as far as the store can tell.
 */
export async function copyObject(
  bucket: Bucket,
  source: Found,
  to: string,
  { modified = source.modified, mark = newMark(), ifAbsent = false, limits = COPY_LIMITS }: CopyOptions = {},
): Promise<void> {
  if (source.size > limits.whole) {
    return copyLarge(bucket, { ...source, modified }, to, { ifAbsent, part: limits.part });
  }
  const { arrival, digests } = source;
  const copy = {
    Bucket: bucket.name,
    Key: bucket.full(to),
    CopySource: copySource(bucket, source.at),
    CopySourceIfMatch: source.etag,
    MetadataDirective: 'REPLACE' as const,
    Metadata: metadataOf({ arrival, modified, digests, mark }),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
  };
  const wasDone = async () => {
    const there = await headRaw(bucket, to);
    // The mark alone would not do: a copy onto itself has that of its source.
    return there?.mark === mark && there?.modified.getTime() === modified.getTime() ? true : undefined;
  };
  try {
    await bucket.ask<unknown>(
      async (s3, options) => {
        const { CopyObjectResult = {} } = await s3.copyObject(copy, options);
        requireResult(CopyObjectResult.ETag ?? CopyObjectResult.LastModified);
      },
      { isCopy: true, wasDone },
    );
  } catch (thrown) {
    // A source that is another one now is refused as a target that is there is.
    if (isFault(thrown, 'exists', 'not-found')) await requireSame(bucket, source);
    throw thrown;
  }
}

async function copyLarge(
  bucket: Bucket,
  source: Found,
  to: string,
  { ifAbsent, part }: { ifAbsent: boolean; part: number },
): Promise<void> {
  const { arrival, modified, digests } = source;
  const late = arrival !== undefined;
  const upload = await beginMultipart(bucket, to, { arrival, modified, digests, late });
  try {
    const atOnce = Math.max(part, Math.ceil(source.size / MAX_PARTS));
    await whileSame(bucket, source, () => upload.copyIn(source, source.size, atOnce));
    // Its arrival may have been there before, and left other facts.
    if (late) await writeLateFacts(bucket, arrival, { key: to, arrival, modified, digests });
    await upload.complete(ifAbsent);
  } catch (thrown) {
    await upload.abort().catch(() => undefined);
    throw thrown;
  }
}
