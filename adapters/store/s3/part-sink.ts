import type { Buffer } from 'node:buffer';
import type { Bucket } from './bucket.ts';
import { deleteObject } from './delete-object.ts';
import { pieceKey } from './layout.ts';
import { headRaw } from './locate.ts';
import { beginMultipart, bytesIn, MIN_PART_BYTES, type Multipart } from './multipart.ts';
import type { PieceRules } from './part-plan.ts';
import type { UploadMemory } from './upload-memory.ts';

/** Parts of one upload that are on their way at the same time. */
const MAX_IN_FLIGHT = 4;

/**
 * The bytes of an upload on their way to be its parts. The last full buffer is held back while nobody else needs its
 * memory: an end that is too short to be a part can then borrow from it, and need not be sent a second time when the
 * upload is gone on with. An upload that is cut before it has a full buffer sends up to 5 MiB a second time.
 */
export interface PartSink {
  readonly main: Multipart;
  /** Takes the block's first `length` bytes, and the block, which is given back when they are stored. */
  send(block: Buffer, length: number): Promise<void>;
  /** Stores the last bytes; the block stays the caller's. */
  sendLast(bytes: Buffer): Promise<void>;
  /**
   * Where the block's first `length` bytes are too few to be a part, puts as many of what is held back before them.
   * Answers how many the block has then.
   */
  lend(block: Buffer, length: number): number;
  /** All that was sent is in parts of `main` when it resolves; what failed is tried once more. */
  settle(): Promise<void>;
  abort(): Promise<void>;
  /** Gives back the blocks of what failed: it is not tried again. */
  giveUp(): void;
}

interface Filled {
  readonly block: Buffer;
  length: number;
}

interface Piece {
  readonly key: string;
  readonly upload: Multipart;
  /** Parts of the main upload before it. */
  readonly after: number;
  next: number;
  sent: number;
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
  let piece: Piece | undefined;
  let held: Filled | undefined;
  let takeBack = (): void => undefined;
  /** Parts get their numbers one after the other, whoever asks. */
  let starting: Promise<void> = Promise.resolve();
  let over = false;

  const drain = async (): Promise<void> => {
    await Promise.all(inFlight);
    for (let part = failed[0]; part; part = failed[0]) {
      await part.put();
      failed.shift();
      memory.parts.give(part.block);
    }
  };

  /** To be called when nothing is on its way. */
  const closePiece = async (): Promise<void> => {
    if (!piece) return;
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

  /** The part that the next bytes are: of the upload itself, or of the piece that is being collected. */
  const nextPart = async (length: number): Promise<(bytes: Buffer) => Promise<void>> => {
    if (next <= directParts) {
      const number = next;
      next += 1;
      return (bytes) => main.put(number, bytes);
    }
    if (piece && piece.sent + length > pieceBytes) {
      await Promise.all(inFlight);
      // Its number is the next after those that are stored.
      if (bytesIn(piece.upload) < piece.sent || main.parts.length < piece.after) throw failed[0]!.thrown;
      await closePiece();
    }
    if (!piece) {
      const key = pieceKey(main.id, next);
      piece = { key, upload: await beginMultipart(bucket, key, {}), after: next - 1, next: 1, sent: 0 };
    }
    const { upload, next: number } = piece;
    piece.next += 1;
    piece.sent += length;
    return (bytes) => upload.put(number, bytes);
  };

  const start = async ({ block, length }: Filled): Promise<void> => {
    let store: ((bytes: Buffer) => Promise<void>) | undefined;
    const put = async (): Promise<void> => {
      store ??= await nextPart(length);
      await store(block.subarray(0, length));
    };
    const fail = (thrown: unknown): void => {
      if (over) memory.parts.give(block);
      else failed.push({ put, block, thrown });
    };
    try {
      while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
      // What comes after one that failed waits for it, in its order.
      if (failed[0]) throw failed[0].thrown;
      store = await nextPart(length);
    } catch (thrown) {
      return fail(thrown);
    }
    const storing = put()
      .then(() => memory.parts.give(block), fail)
      .finally(() => inFlight.delete(storing));
    inFlight.add(storing);
  };

  /** Sends what is held back; resolves when it is on its way. */
  const letGo = (): Promise<void> => {
    const filled = held;
    takeBack();
    held = undefined;
    if (filled) starting = starting.then(() => start(filled));
    return starting;
  };

  const settle = async (): Promise<void> => {
    await letGo();
    await drain();
    await closePiece();
  };

  const sendLast = async (bytes: Buffer): Promise<void> => {
    await letGo();
    await drain();
    // After one that failed the same part is tried again.
    if (piece) Object.assign(piece, { next: piece.upload.parts.length + 1, sent: bytesIn(piece.upload) });
    else next = main.parts.length + 1;
    const put = await nextPart(bytes.length);
    await put(bytes);
    await closePiece();
  };

  return {
    main,

    async send(block, length) {
      await letGo();
      if (failed[0]) {
        memory.parts.give(block);
        throw failed[0].thrown;
      }
      held = { block, length };
      // Two parts must come of it and what it lends to.
      if (length < 2 * MIN_PART_BYTES) await letGo();
      else takeBack = memory.parts.spare(letGo);
    },

    sendLast,

    lend(block, length) {
      const missing = MIN_PART_BYTES - length;
      if (!held || length === 0 || missing <= 0) return length;
      block.copyWithin(missing, 0, length);
      held.length -= missing;
      held.block.copy(block, 0, held.length, held.length + missing);
      return MIN_PART_BYTES;
    },

    settle,

    async abort() {
      await starting;
      await Promise.all(inFlight);
      if (piece) await piece.upload.abort();
      await main.abort();
    },

    giveUp() {
      over = true;
      takeBack();
      if (held) memory.parts.give(held.block);
      held = undefined;
      for (const { block } of failed.splice(0)) memory.parts.give(block);
    },
  };
}
