import { describe, expect, test } from 'vitest';
import { parseS3Url } from '../../adapters/store/s3/url.ts';

describe('the URL of an S3 store', () => {
  test('says how much memory its uploads have', () => {
    expect(parseS3Url('s3://landfall?memory=512MiB').memoryBytes).toBe(512 * 1024 ** 2);
    expect(parseS3Url('s3://landfall')).not.toHaveProperty('memoryBytes');
  });

  test.each(['31MiB', '0', 'much', '-1'])('is refused with the memory %s', (memory) => {
    expect(() => parseS3Url(`s3://landfall?memory=${memory}`)).toThrow(`the memory "${memory}"`);
  });
});
