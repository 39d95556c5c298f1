import { Fault } from '../../../core/fault.ts';
import { pipeline } from '../../../core/pipeline.ts';
import type { Requests } from './requests.ts';
import { isNoSuchQueue } from './sqs-fault.ts';
import type { SqsPlace } from './url.ts';

export interface QueueUrls {
  readonly url: string;
  readonly deadUrl: string;
}

/**
 * Seconds that a queue which is made here keeps a message: the 14 days that SQS has at most. What is not done by
 * then is gone from the queue, and on its timeline as not done.
 */
const RETENTION_S = 14 * 24 * 60 * 60;

/**
 * The queues of the pipeline with their dead-letter queues, by the pipeline's names for them. Throws `queue-down`
 * naming a queue that is missing, unless the place says that it be made.
 */
export async function findQueues(requests: Requests, place: SqsPlace): Promise<Map<string, QueueUrls>> {
  const names = Object.values(pipeline).map(({ queue }) => queue);
  const found = names.map(async (name) => {
    const full = fullName(name, place);
    const [url, deadUrl] = await Promise.all([
      findQueue(requests, full, place.create),
      findQueue(requests, `${full}-dead`, place.create),
    ]);
    return [name, { url, deadUrl }] as const;
  });
  return new Map(await Promise.all(found));
}

/** SQS's name for a queue of the pipeline. */
export const fullName = (name: string, { prefix }: Pick<SqsPlace, 'prefix'>): string =>
  prefix === '' ? name : `${prefix}-${name}`;

async function findQueue({ ask }: Requests, QueueName: string, create: boolean): Promise<string> {
  try {
    return (await ask((sqs, how) => sqs.getQueueUrl({ QueueName }, how))).QueueUrl!;
  } catch (thrown) {
    if (!isNoSuchQueue(thrown)) throw thrown;
    if (create) return makeQueue({ ask }, QueueName);
    const missing = `there is no queue "${QueueName}": make it, or let Landfall with create=true in the URL`;
    throw new Fault('queue-down', missing, { cause: thrown });
  }
}

async function makeQueue({ ask }: Pick<Requests, 'ask'>, QueueName: string): Promise<string> {
  const Attributes = { MessageRetentionPeriod: String(RETENTION_S) };
  return (await ask((sqs, how) => sqs.createQueue({ QueueName, Attributes }, how))).QueueUrl!;
}
