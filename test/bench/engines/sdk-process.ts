import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';

/**
 * The limit: the AWS SDK alone, putting bytes from its memory, in a process of its own. Says what it took as JSON.
 *
 * Usage: sdk-process.ts ENDPOINT BUCKET PREFIX large BYTES PART_BYTES IN_FLIGHT
 *        sdk-process.ts ENDPOINT BUCKET PREFIX small FILES BYTES IN_FLIGHT
 */
const [endpoint, Bucket, prefix, what, ...numbers] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const [amount, each, inFlight] = numbers.map(Number) as [number, number, number];

const s3 = new S3({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  // What the store that is measured knows; the signature holds the digest of every body all the same.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: { httpAgent: { keepAlive: true, maxSockets: inFlight } },
});

/** Runs them all, so many at the same time. */
async function inTurns(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const take = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await run(index);
  };
  await Promise.all(Array.from({ length: inFlight }, take));
}

async function large(): Promise<void> {
  const at = { Bucket, Key: `${prefix}/large` };
  const { UploadId } = await s3.createMultipartUpload(at);
  const Parts: { PartNumber: number; ETag: string }[] = [];
  await inTurns(Math.ceil(amount / each), async (index) => {
    const Body = memory.subarray(0, Math.min(each, amount - index * each));
    const { ETag } = await s3.uploadPart({ ...at, UploadId, PartNumber: index + 1, Body });
    Parts[index] = { PartNumber: index + 1, ETag: ETag! };
  });
  await s3.completeMultipartUpload({ ...at, UploadId, MultipartUpload: { Parts } });
}

const small = (): Promise<void> =>
  inTurns(amount, async (index) => {
    await s3.putObject({ Bucket, Key: `${prefix}/${index}`, Body: memory });
  });

const memory = randomFillSync(Buffer.allocUnsafeSlow(each));
const kinds: Record<string, () => Promise<void>> = { large, small };
const before = process.cpuUsage();
const began = performance.now();
await kinds[what]!();
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }));
s3.destroy();
