import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestNames } from '../../core/arrival.ts';
import { createDigester } from '../../core/digests.ts';

test('however the bytes are cut, the digests are those of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
      const digester = createDigester(digestNames);
      for (const chunk of chunks) digester.update(chunk);
      const whole = Buffer.concat(chunks);
      expect(digester.finish()).toEqual({
        crc32: crc32(whole).toString(16).padStart(8, '0'),
        ...Object.fromEntries(
          ['md5', 'sha1', 'sha256', 'sha512'].map((name) => [
            name,
            createHash(name).update(whole).digest('hex'),
          ]),
        ),
      });
    }),
  );
});

test('known values, with the leading zeros', () => {
  const digester = createDigester(['crc32', 'sha256']);
  digester.update(Buffer.from('123456789'));
  expect(digester.finish()).toEqual({
    crc32: 'cbf43926',
    sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  });
  expect(createDigester(['crc32']).finish()).toEqual({ crc32: '00000000' });
});

test('only what was asked for', () => expect(createDigester([]).finish()).toEqual({}));
