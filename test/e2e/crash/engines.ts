import { S3 } from '@aws-sdk/client-s3';
import { noRadosgw, startRadosgw } from '../../support/radosgw.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startSqs } from '../../support/sqs-server.ts';

/** Real servers that Landfall keeps its files and messages on, as its settings name them. */
export interface Engine {
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface EngineRow {
  readonly name: string;
  /** Why it cannot run on this machine. */
  readonly missing: string | undefined;
  /** How much harder than it must: rounds of kills at the steps, and lives that end at a random time. */
  readonly stepRounds: number;
  readonly randomKills: { readonly landfall: number; readonly listener: number; readonly worker: number };
  /** Milliseconds; what asks its servers at start what they can do lives longer to get somewhere. */
  readonly longestLifeMs: number;
  start(): Promise<Engine>;
}

const BUCKET = 'landfall-crash';

async function startStore(): Promise<Engine> {
  const server = await startRadosgw();
  const { accessKeyId, secretAccessKey } = server.credentials;
  const s3 = new S3({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: server.credentials,
  });
  await s3.createBucket({ Bucket: BUCKET });
  s3.destroy();
  const env = {
    LANDFALL_STORE: `s3://${BUCKET}?endpoint=${encodeURIComponent(server.url)}&region=us-east-1`,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  return { env, stop: () => server.stop() };
}

async function withQueue(queue: Engine): Promise<Engine> {
  const store = await startStore();
  return {
    env: { ...store.env, ...queue.env },
    async stop() {
      await queue.stop();
      await store.stop();
    },
  };
}

async function startSqsQueue(): Promise<Engine> {
  const { endpoint, kill } = await startSqs();
  const url = `sqs:landfall?endpoint=${encodeURIComponent(endpoint)}&region=us-east-1&create=true`;
  return { env: { LANDFALL_QUEUE: url }, stop: kill };
}

async function startRedisQueue(): Promise<Engine> {
  const server = await startRedis();
  return { env: { LANDFALL_QUEUE: server.url }, stop: async () => server.remove() };
}

const remote = {
  missing: noRadosgw(),
  stepRounds: 1,
  randomKills: { landfall: 8, listener: 5, worker: 4 },
  longestLifeMs: 6_000,
};

export const engines: readonly EngineRow[] = [
  {
    name: 'on the disk and SQLite',
    missing: undefined,
    stepRounds: 2,
    randomKills: { landfall: 20, listener: 12, worker: 8 },
    longestLifeMs: 3_000,
    start: async () => ({ env: {}, stop: async () => undefined }),
  },
  { name: 'on S3 and Redis', ...remote, start: async () => withQueue(await startRedisQueue()) },
  { name: 'on S3 and SQS', ...remote, start: async () => withQueue(await startSqsQueue()) },
];
