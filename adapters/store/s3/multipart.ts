import type { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import {
  type Answered,
  crcOf,
  decodeCrc,
  encodeCrc,
  joinedCrc,
  requireCrc,
  requireKept,
} from './checksum.ts';
import { type CopyRange, copyRanges, copySource, MAX_COPY_BYTES } from './copy-source.ts';
import type { Found } from './found.ts';
import { headRaw } from './locate.ts';
import { type Facts, metadataOf, newMark } from './metadata.ts';
import { requireResult } from './require-result.ts';
import { isFault, unlessAbsent } from './s3-fault.ts';

/** The limits of S3: parts of one upload, and bytes of each but the last. */
export const MAX_PARTS = 10_000;
export const MIN_PART_BYTES = 5 * 1024 ** 2;

/** Of the whole object, made from those of its parts. */
export const CHECKSUM = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;

/** Copies into one upload that the store makes at the same time. */
const MAX_COPIES = 6;

export interface Part {
  readonly number: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** Known where the store answers it. */
  readonly crc?: number | undefined;
}

/** A multipart upload at a key; nothing of it is visible before `complete`. */
export interface Multipart {
  readonly id: string;
  /** What tells its object from others at the key. */
  readonly mark: string | undefined;
  /** Parts that are in the store, by number, without gaps from 1. */
  readonly parts: readonly Part[];
  /** Stores part `number`, in place of what it held. */
  put(number: number, bytes: Uint8Array): Promise<void>;
  /**
   * Adds the object's first `size` bytes as parts of at most `atOnce`, several at the same time. Bytes below
   * `MIN_PART_BYTES` can be the last part only. The object must stay what it is: see `whileSame`.
   */
  copyIn(source: Found, size: number, atOnce?: number): Promise<void>;
  /** Forgets parts beyond the first `count`. */
  keep(count: number): void;
  /** Makes the object. Throws `exists` with `ifAbsent`, if the store can do that. */
  complete(ifAbsent: boolean): Promise<void>;
  abort(): Promise<void>;
}

export async function beginMultipart(bucket: Bucket, key: string, facts: Facts): Promise<Multipart> {
  const marked = { ...facts, mark: newMark() };
  const place = {
    Bucket: bucket.name,
    Key: bucket.full(key),
    Metadata: metadataOf(marked),
    ...(bucket.checksums ? CHECKSUM : {}),
  };
  const { UploadId } = await bucket.ask(async (s3, options) => {
    const answer = await s3.createMultipartUpload(place, options);
    requireResult(answer.UploadId);
    return answer;
  });
  return openMultipart(bucket, key, { id: UploadId!, mark: marked.mark, parts: [] });
}

/** Goes on with an upload that is there already, of which `parts` are kept. */
export function openMultipart(
  bucket: Bucket,
  key: string,
  { id, mark, parts: known }: { id: string; mark?: string | undefined; parts: readonly Part[] },
): Multipart {
  const at = { Bucket: bucket.name, Key: bucket.full(key), UploadId: id };
  /** By number; they come in any order. */
  const stored = new Map(known.map((part) => [part.number, part]));

  const partsWithoutGap = (): Part[] => {
    const parts: Part[] = [];
    for (let part = stored.get(1); part; part = stored.get(parts.length + 1)) parts.push(part);
    return parts;
  };

  const copyPart = async (
    source: Found,
    { number, from, bytes }: CopyRange & { number: number },
  ): Promise<void> => {
    requireNumber(number);
    const how = {
      PartNumber: number,
      CopySource: copySource(bucket, source.at),
      CopySourceIfMatch: source.etag,
      CopySourceRange: `bytes=${from}-${from + bytes - 1}`,
    };
    const { ETag = '', ChecksumCRC32 } = await bucket.ask(
      async (s3, options) => {
        const { CopyPartResult = {} } = await s3.uploadPartCopy({ ...at, ...how }, options);
        requireResult(CopyPartResult.ETag);
        return CopyPartResult;
      },
      { isCopy: true },
    );
    stored.set(number, { number, etag: ETag, size: bytes, crc: decodeCrc(ChecksumCRC32) });
  };

  /** An answer that got lost may have been a success: then the object is there, and is this one. */
  const isDone = async (): Promise<boolean> =>
    mark !== undefined && (await headRaw(bucket, key))?.mark === mark;

  return {
    id,
    mark,
    get parts() {
      return partsWithoutGap();
    },

    async put(number, bytes) {
      requireNumber(number);
      const crc = bucket.checksums ? crcOf(bytes) : undefined;
      const part = {
        PartNumber: number,
        Body: bytes as Buffer,
        ContentLength: bytes.length,
        ...(crc === undefined ? {} : { ChecksumCRC32: encodeCrc(crc) }),
      };
      const etag = await bucket.ask(async (s3, options) => {
        const { ETag = '', ChecksumCRC32 } = await s3.uploadPart({ ...at, ...part }, options);
        if (crc !== undefined) requireCrc(ChecksumCRC32, crc);
        return ETag;
      });
      stored.set(number, { number, etag, size: bytes.length, crc });
    },

    async copyIn(source, size, atOnce = MAX_COPY_BYTES) {
      const first = stored.size + 1;
      const waiting = copyRanges(size, atOnce).map((range, index) => ({ ...range, number: first + index }));
      const copyNext = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await copyPart(source, next);
      };
      const copies = Array.from({ length: MAX_COPIES }, copyNext);
      // None is on its way any more when one has failed: the caller aborts the upload then.
      for (const end of await Promise.allSettled(copies)) {
        if (end.status === 'rejected') throw end.reason;
      }
    },

    keep(count) {
      for (const number of stored.keys()) if (number > count) stored.delete(number);
    },

    async complete(ifAbsent) {
      const parts = partsWithoutGap();
      const crc = bucket.checksums ? crcOfAll(parts) : undefined;
      const upload = {
        ...at,
        MultipartUpload: { Parts: parts.map(partNamed) },
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
        ...(crc === undefined ? {} : { ChecksumCRC32: encodeCrc(crc), ChecksumType: CHECKSUM.ChecksumType }),
      };
      const answer = await bucket.ask<Answered>(
        async (s3, options) => {
          const joined = await s3.completeMultipartUpload(upload, options);
          requireResult(joined.ETag ?? joined.Key ?? joined.Location);
          return joined;
        },
        { isJoin: true, wasDone: async () => ((await isDone()) ? {} : undefined) },
      );
      requireKept(answer, crc);
    },

    async abort() {
      try {
        await unlessAbsent(bucket.ask((s3, options) => s3.abortMultipartUpload(at, options)));
      } catch (thrown) {
        // Gone already is what was wanted.
        if (!(isFault(thrown, 'store-down') && isNoSuchUpload(thrown))) throw thrown;
      }
    },
  };
}

const partNamed = ({ number, etag, crc }: Part) => ({
  PartNumber: number,
  ETag: etag,
  ...(crc === undefined ? {} : { ChecksumCRC32: encodeCrc(crc) }),
});

/** Of the object that these parts are, if each one's is known. */
function crcOfAll(parts: readonly Part[]): number | undefined {
  const known = parts.filter((part): part is Part & { crc: number } => part.crc !== undefined);
  return known.length === parts.length ? joinedCrc(known) : undefined;
}

export interface ListedPart extends Part {
  readonly storedAt: Date;
}

/** The parts that the store has of an upload, by number; undefined when it has no such upload. */
export async function listParts(bucket: Bucket, key: string, id: string): Promise<ListedPart[] | undefined> {
  const at = { Bucket: bucket.name, Key: bucket.full(key), UploadId: id };
  const parts: ListedPart[] = [];
  for (let after: string | undefined; ; ) {
    const page = await unlessGone(
      bucket.ask((s3, options) =>
        s3.listParts({ ...at, ...(after === undefined ? {} : { PartNumberMarker: after }) }, options),
      ),
    );
    if (!page) return undefined;
    for (const {
      PartNumber = 0,
      ETag = '',
      Size = 0,
      LastModified = new Date(0),
      ChecksumCRC32,
    } of page.Parts ?? []) {
      const crc = decodeCrc(ChecksumCRC32);
      parts.push({ number: PartNumber, etag: ETag, size: Size, crc, storedAt: LastModified });
    }
    if (!page.IsTruncated || parts.length >= MAX_PARTS) return parts;
    after = String(page.NextPartNumberMarker);
  }
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isFault(thrown, 'not-found') || isNoSuchUpload(thrown)) return undefined;
    throw thrown;
  }
}

/** Whether the fault is the store's word that it has no such multipart upload. */
function isNoSuchUpload(thrown: unknown): boolean {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause as Error) {
    if (cause.name === 'NoSuchUpload') return true;
  }
  return false;
}

function requireNumber(number: number): void {
  if (number > MAX_PARTS) throw new Fault('too-large', `an object has at most ${MAX_PARTS} parts`);
}

/** The parts from the first one on, without a gap, that others can follow. */
export function leadingParts<P extends Part>(stored: readonly P[]): P[] {
  const end = stored.findIndex(({ number, size }, index) => number !== index + 1 || size < MIN_PART_BYTES);
  return end < 0 ? [...stored] : stored.slice(0, end);
}

/** Bytes in the upload's parts. */
export const bytesIn = ({ parts }: Pick<Multipart, 'parts'>): number =>
  parts.reduce((sum, part) => sum + part.size, 0);
