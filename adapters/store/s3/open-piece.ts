import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { pieceKey } from './layout.ts';
import { headRaw } from './locate.ts';
import {
  bytesIn,
  leadingParts,
  listParts,
  MIN_PART_BYTES,
  type Multipart,
  openMultipart,
  type Part,
} from './multipart.ts';
import { openUploads } from './open-uploads.ts';

/** What an upload had collected of a piece when its listener was killed. */
export interface OpenPiece {
  readonly size: number;
  /** Makes the first `bytes` of it a part. Throws `bad-offset` for fewer than a part has. */
  copyInto(main: Multipart, bytes: number): Promise<void>;
}

/** The piece after the first `after` parts of the upload. */
export async function findOpenPiece(
  bucket: Bucket,
  upload: string,
  after: number,
): Promise<OpenPiece | undefined> {
  const key = pieceKey(upload, after + 1);
  // Killed when the piece was whole, but no part yet.
  const whole = await headRaw(bucket, key);
  const open = whole ? undefined : await mostAt(bucket, key);
  const size = whole?.size ?? bytesIn({ parts: open?.parts ?? [] });
  if (size < MIN_PART_BYTES) return undefined;
  return {
    size,
    async copyInto(main, bytes) {
      if (bytes < MIN_PART_BYTES) throw new Fault('bad-offset', 'too few bytes to be a part');
      if (open) await openMultipart(bucket, key, open).complete(false);
      const found = await headRaw(bucket, key);
      if (found?.size !== size) throw new Fault('busy', 'somebody else goes on with the upload');
      await main.copyIn(found, bytes);
      await deleteObject(bucket, key);
    },
  };
}

/** The upload at the key that has the most: a request without an answer may have begun a second one. */
async function mostAt(bucket: Bucket, key: string): Promise<{ id: string; parts: Part[] } | undefined> {
  let most: { id: string; parts: Part[] } | undefined;
  for await (const { key: at, id } of openUploads(bucket, key)) {
    if (at !== key) continue;
    const parts = leadingParts((await listParts(bucket, key, id)) ?? []);
    if (!most || bytesIn({ parts }) > bytesIn(most)) most = { id, parts };
  }
  return most;
}
