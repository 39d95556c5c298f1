import { MAX_COPY_BYTES } from './copy-source.ts';
import { MAX_PARTS } from './multipart.ts';

/**
 * Where large parts begin. An object has 10,000 parts at most, and a part is no larger than a buffer as long as it is
 * sent directly; beyond `directParts` each is a *piece*: an object of its own, collected from buffers by an upload of
 * its own and then copied in within the store. No more memory is needed for it, and no byte is sent twice.
 *
 * S3 ends at 10,000 parts of 5 GiB, 48.8 TiB, which takes a piece for every part: each direct one costs nearly 5 GiB
 * of that, and parts of an open upload cannot be read to be joined later. A piece costs a copy within the store, so
 * the first 1.5 GiB go directly, as most files end there, and 48 TiB are left.
 */
export interface PieceRules {
  readonly directParts: number;
  /** Each suspension ends a piece early. */
  readonly pieceBytes: number;
}

export const PIECE_RULES: PieceRules = { directParts: 160, pieceBytes: MAX_COPY_BYTES };

/** Bytes of the largest object, sent without a break. */
export const largestObject = (partBytes: number, { directParts, pieceBytes }: PieceRules): number =>
  directParts * partBytes + (MAX_PARTS - directParts) * pieceBytes;
