import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { redisFault } from '../../adapters/queue/bullmq/redis-fault.ts';
import { openSqsQueue } from '../../adapters/queue/sqs/queue.ts';
import { Fault } from '../../core/fault.ts';

test('the reason of a fault has the text of each cause once', () => {
  const cause = new Error('data/queue.db: disk full', {
    cause: new Error('disk full', { cause: new Error('28') }),
  });
  expect(new Fault('queue-down', undefined, { cause }).reason).toBe(
    'the queue does not answer: data/queue.db: disk full: 28',
  );
});

test('a Redis that is nowhere is told in words for who runs Landfall', async () => {
  const redis = new Redis({ host: '127.0.0.1', port: 9, lazyConnect: true, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  const thrown = await redis.ping().catch((error: unknown) => error);
  redis.disconnect();
  expect(redisFault(thrown).reason).toBe('the queue does not answer: there is no connection to Redis');
});

test('a queue on SQS without a region says where one is set', async () => {
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) delete process.env[name];
  process.env.AWS_CONFIG_FILE = '/nonexistent';
  await expect(openSqsQueue({ prefix: 'x', create: false, groups: false })).rejects.toMatchObject({
    reason: expect.stringMatching(/no region is set: AWS_REGION, or/),
  });
});
