import { describe, expect, it } from 'vitest';
import { copyRanges } from '../../adapters/store/s3/copy-source.ts';
import { largestObject, PIECE_RULES } from '../../adapters/store/s3/part-plan.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
/** What the service says of itself: "Amazon S3 multipart upload limits" in its User Guide. */
const S3 = { parts: 10_000, leastPart: 5 * MIB, largestPart: 5 * GIB };

describe('the plan of an upload of unknown length', () => {
  it('has room for 48 TiB, with buffers of the default size and of the least one', () => {
    for (const partBytes of [10 * MIB, 5 * MIB]) {
      expect(largestObject(partBytes, PIECE_RULES)).toBeGreaterThan(48 * TIB);
    }
  });

  it('keeps the limits of the service, in pieces too', () => {
    expect(PIECE_RULES.pieceBytes).toBeLessThanOrEqual(S3.largestPart);
    expect(PIECE_RULES.pieceBytes / (5 * MIB)).toBeLessThanOrEqual(S3.parts);
  });

  it('sends the first GiB and a half directly', () => {
    expect(PIECE_RULES.directParts * 10 * MIB).toBeGreaterThan(1.5 * GIB);
  });
});

describe('the ranges of a copy', () => {
  it.each([
    [1, 5 * GIB],
    [5 * GIB, 5 * GIB],
    [5 * GIB + 1, 5 * GIB],
    [12 * GIB + 17, 512 * MIB],
    [48 * TIB, 5 * GIB],
  ])('cover %i bytes without a gap, none too small or too large', (size, atMost) => {
    const ranges = copyRanges(size, atMost);
    let at = 0;
    for (const { from, bytes } of ranges) {
      expect(from).toBe(at);
      expect(bytes).toBeLessThanOrEqual(atMost);
      at += bytes;
    }
    expect(at).toBe(size);
    expect(ranges.length).toBeLessThanOrEqual(S3.parts);
    for (const { bytes } of ranges.slice(0, -1)) expect(bytes).toBeGreaterThanOrEqual(S3.leastPart);
  });
});
