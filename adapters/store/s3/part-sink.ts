import type { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { MAX_COPY_BYTES } from './copy-source.ts';
import { deleteObject } from './delete-object.ts';
import { pieceKey } from './layout.ts';
import { headRaw } from './locate.ts';
import { beginMultipart, bytesIn, type Multipart } from './multipart.ts';
import type { UploadMemory } from './upload-memory.ts';

/** Parts of one upload that are on their way at the same time. */
const MAX_IN_FLIGHT = 4;

/**
 * Where large parts begin. Parts are as large as a buffer, and there are 10,000 at most; beyond this one each part is
 * an object of its own, collected from buffers as an upload of its own and then copied in within the store. So an
 * object can have 24 TiB, and no more memory is needed for it.
 */
export interface PieceRules {
  readonly directParts: number;
  readonly pieceBytes: number;
}

export const PIECE_RULES: PieceRules = { directParts: 5_000, pieceBytes: MAX_COPY_BYTES };

/** The bytes of an upload on their way to be its parts. */
export interface PartSink {
  readonly main: Multipart;
  /** Takes the block's first `length` bytes, and the block, which is given back when they are stored. */
  send(block: Buffer, length: number): Promise<void>;
  /** Stores the last bytes; the block stays the caller's. */
  sendLast(bytes: Buffer): Promise<void>;
  /** All that was sent is in parts of `main` when it resolves; what failed is tried once more. */
  settle(): Promise<void>;
  abort(): Promise<void>;
  /** Gives back the blocks of what failed: it is not tried again. */
  giveUp(): void;
}

export function createPartSink(
  bucket: Bucket,
  memory: UploadMemory,
  main: Multipart,
  { directParts, pieceBytes }: PieceRules,
): PartSink {
  const inFlight = new Set<Promise<void>>();
  const failed: { put: () => Promise<void>; block: Buffer; thrown: unknown }[] = [];
  let next = main.parts.length + 1;
  let piece: { key: string; upload: Multipart; next: number; sent: number } | undefined;

  const drain = async (): Promise<void> => {
    await Promise.all(inFlight);
    for (let part = failed[0]; part; part = failed[0]) {
      await part.put();
      failed.shift();
      memory.givePart(part.block);
    }
  };

  /** The part that the next bytes are: of the upload itself, or of the piece that is being collected. */
  const nextPart = async (length: number): Promise<(bytes: Buffer) => Promise<void>> => {
    if (next <= directParts) {
      const number = next;
      next += 1;
      return (bytes) => main.put(number, bytes);
    }
    if (!piece) {
      const key = pieceKey(main.id, next);
      piece = { key, upload: await beginMultipart(bucket, key, {}), next: 1, sent: 0 };
    }
    const { upload, next: number } = piece;
    piece.next += 1;
    piece.sent += length;
    return (bytes) => upload.put(number, bytes);
  };

  const closePiece = async (): Promise<void> => {
    if (!piece) return;
    await drain();
    const { key, upload } = piece;
    const size = bytesIn(upload);
    // It may be there already: an earlier try got as far as that.
    const there = await headRaw(bucket, key);
    if (!there) await upload.complete(false);
    const found = there ?? (await headRaw(bucket, key));
    if (found?.size !== size) throw new Error(`the piece ${key} is not the ${size} bytes that were sent`);
    await main.copyIn(found, size);
    piece = undefined;
    next = main.parts.length + 1;
    await deleteObject(bucket, key);
  };

  const settle = async (): Promise<void> => {
    await drain();
    await closePiece();
  };

  return {
    main,

    async send(block, length) {
      try {
        while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
        if (failed[0]) throw failed[0].thrown;
        const store = await nextPart(length);
        const put = () => store(block.subarray(0, length));
        const storing = put()
          .then(
            () => memory.givePart(block),
            (thrown: unknown) => {
              failed.push({ put, block, thrown });
            },
          )
          .finally(() => inFlight.delete(storing));
        inFlight.add(storing);
      } catch (thrown) {
        memory.givePart(block);
        throw thrown;
      }
      if (piece && piece.sent >= pieceBytes) await closePiece();
    },

    async sendLast(bytes) {
      await drain();
      // After one that failed the same part is tried again.
      if (piece) piece.next = piece.upload.parts.length + 1;
      else next = main.parts.length + 1;
      const put = await nextPart(bytes.length);
      await put(bytes);
      await closePiece();
    },

    settle,

    async abort() {
      await Promise.all(inFlight);
      if (piece) await piece.upload.abort();
      await main.abort();
    },

    giveUp() {
      for (const { block } of failed.splice(0)) memory.givePart(block);
    },
  };
}
