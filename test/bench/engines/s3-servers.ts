import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { startRadosgw } from '../../support/radosgw.ts';

/** A server with a bucket that is there. */
export interface BenchStore {
  readonly name: string;
  readonly endpoint: string;
  readonly bucket: string;
  /** What a client of it needs in its environment. */
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  stop(): Promise<void>;
}

const BUCKET = 'landfall-bench';

export const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;

/** On the disk what is measured for long: in memory it takes twice its size. */
export async function startBenchRadosgw({ quick }: { quick: boolean }): Promise<BenchStore> {
  const { url, credentials, stop } = await startRadosgw({ onDisk: !quick });
  const s3 = new S3({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials });
  await s3.createBucket({ Bucket: BUCKET });
  s3.destroy();
  const { accessKeyId, secretAccessKey } = credentials;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return { name: 'radosgw', endpoint: url, bucket: BUCKET, keys, stop };
}

export async function startDiscardingStore(): Promise<BenchStore> {
  const [program, ...flags] = NODE;
  const child = spawn(program, [...flags, join(import.meta.dirname, 'discarding-store-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return {
    name: 'a store that discards',
    endpoint: String(line).trim(),
    bucket: BUCKET,
    keys: { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' },
    async stop() {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}
