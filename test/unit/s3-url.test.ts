import { describe, expect, test } from 'vitest';
import { parseS3Url, type S3Place } from '../../adapters/store/s3/url.ts';

describe('the URL of an S3 store', () => {
  test('says how much memory its uploads have', () => {
    expect(parseS3Url('s3://landfall?memory=512MiB').memoryBytes).toBe(512 * 1024 ** 2);
    expect(parseS3Url('s3://landfall')).not.toHaveProperty('memoryBytes');
  });

  test.each(['31MiB', '0', 'much', '-1'])('is refused with the memory %s', (memory) => {
    expect(() => parseS3Url(`s3://landfall?memory=${memory}`)).toThrow(`the memory "${memory}"`);
  });

  test.each<[string, S3Place]>([
    ['s3://acme-files', { bucket: 'acme-files', prefix: '', pathStyle: false }],
    [
      's3://b.c/a/b/?region=eu-central-1',
      { bucket: 'b.c', prefix: 'a/b/', pathStyle: false, region: 'eu-central-1' },
    ],
    [
      's3://acme/land%20fall?endpoint=http://127.0.0.1:7480&addressing=virtual',
      { bucket: 'acme', prefix: 'land fall/', pathStyle: false, endpoint: 'http://127.0.0.1:7480' },
    ],
    [
      's3://acme?endpoint=https://s3.test',
      { bucket: 'acme', prefix: '', pathStyle: true, endpoint: 'https://s3.test' },
    ],
  ])('%s says where it is', (url, place) => {
    expect(parseS3Url(url)).toEqual(place);
  });

  test.each([
    ['s3:bucket', /no S3 URL/],
    ['s3://a_b', /no name of a bucket/],
    ['s3://key:secret@acme', /environment/],
    ['s3://acme:80', /port/],
    ['s3://acme?endpont=http://x', /no parameter "endpont"/],
    ['s3://acme?endpoint=ftp://x', /no http: or https: URL/],
    ['s3://acme?addressing=dns', /path or virtual/],
  ])('refuses %s', (url, reason) => {
    expect(() => parseS3Url(url)).toThrow(reason);
  });
});
