import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crcOf, decodeCrc, encodeCrc, joinedCrc, requireCrc } from '../../adapters/store/s3/checksum.ts';

it('is the check value of the algorithm', () => {
  // The CRC of "123456789" in the catalogue of CRC algorithms, CRC-32/ISO-HDLC.
  expect(crcOf(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(encodeCrc(0xcbf43926)).toBe('y/Q5Jg==');
});

it('joins the sums of parts to that of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
      const sums = parts.map((part) => ({ crc: crcOf(part), size: part.length }));
      expect(joinedCrc(sums)).toBe(crc32(Buffer.concat(parts)));
    }),
  );
});

it('joins parts of many bytes', () => {
  const part = Buffer.alloc(10 * 1024 ** 2, 7);
  let whole = 0;
  for (let time = 0; time < 5; time += 1) whole = crc32(part, whole);
  expect(joinedCrc(Array(5).fill({ crc: crcOf(part), size: part.length }))).toBe(whole);
});

it('reads what it writes, and nothing else', () => {
  for (const crc of [0, 1, 0xffffffff]) expect(decodeCrc(encodeCrc(crc))).toBe(crc);
  for (const text of [undefined, '', 'AAAA', 'x']) expect(decodeCrc(text)).toBeUndefined();
});

it('takes the answer of the same sum, and of a store without any', () => {
  requireCrc(undefined, 5);
  requireCrc(encodeCrc(5), 5);
  expect(() => requireCrc(encodeCrc(6), 5)).toThrow(/other|has bytes/);
});
