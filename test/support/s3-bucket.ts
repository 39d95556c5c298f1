import { randomUUID } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';
import { parseS3Url, type S3Place } from '../../adapters/store/s3/url.ts';
import { noRadosgw, startRadosgw } from './radosgw.ts';

/** `LANDFALL_TEST_S3=s3://bucket/prefix?endpoint=...` runs the S3 tests on another server; the bucket must be there. */
const given = process.env.LANDFALL_TEST_S3;
const BUCKET = 'landfall-test';

/** Whether the tests run on a server of their own, whose gaps are known. */
export const isOwnServer = given === undefined;
/** Why there can be no S3 server; undefined where there can. */
export const noS3 = isOwnServer ? noRadosgw() : undefined;

/** A bucket that is there, in a server of the test's own unless another one was given. */
export interface TestBucket {
  readonly base: S3Place;
  /** Another client of the same server, as an operator would use one. */
  readonly s3: S3;
  /** A place in the bucket that nobody else has. */
  newPlace(): S3Place;
  stop(): Promise<void>;
}

/** `onDisk`: for objects that take more than memory has. */
export async function openTestBucket({ onDisk = false } = {}): Promise<TestBucket> {
  const server = isOwnServer ? await startRadosgw({ onDisk }) : undefined;
  if (server) {
    process.env.AWS_ACCESS_KEY_ID = server.credentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = server.credentials.secretAccessKey;
  }
  const base = parseS3Url(given ?? `s3://${BUCKET}?endpoint=${encodeURIComponent(server!.url)}`);
  const s3 = new S3({
    ...(base.endpoint === undefined ? {} : { endpoint: base.endpoint }),
    region: base.region ?? 'us-east-1',
    forcePathStyle: base.pathStyle,
  });
  if (server) await s3.createBucket({ Bucket: BUCKET });
  return {
    base,
    s3,
    newPlace: () => ({ ...base, prefix: `${base.prefix}${randomUUID()}/` }),
    async stop() {
      s3.destroy();
      await server?.stop();
    },
  };
}
