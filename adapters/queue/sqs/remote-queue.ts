import type { DeleteMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { createBatches } from './batches.ts';
import { type Entry, entryBytes, fromMessage, type Received, type Sending, toEntry } from './message.ts';
import type { Requests } from './requests.ts';
import { isNoLongerHeld } from './sqs-fault.ts';
import { visibilitySeconds } from './times.ts';

/** What SQS gives and waits at most in one request. */
const MAX_RECEIVED = 10;
const LONGEST_POLL_S = 20;

/** One queue of SQS. Sends, removals and changes that are asked in the same turn share requests. */
export interface RemoteQueue {
  send(message: Sending): Promise<void>;
  receive(wanted: { max: number; waitMs: number; visibilityMs: number }): Promise<Received[]>;
  /** Also resolves when it is somebody else's by now: then it is still there. */
  remove(message: Received): Promise<void>;
  /** Hides it for so long from now, 0 for not at all. Answers false when it is no longer held. */
  hide(message: Received, visibilityMs: number): Promise<boolean>;
  /** Approximate on AWS: from a minute ago or so. */
  counts(): Promise<{ waiting: number; inFlight: number }>;
  /** Resolves when what was asked before is done; later calls throw `queue-down`. */
  close(): Promise<void>;
}

export function createRemoteQueue({ ask }: Requests, url: string, groups: boolean): RemoteQueue {
  const named = <Item>(items: readonly Item[]) => items.map((item, Id) => ({ ...item, Id: String(Id) }));
  const sends = createBatches<Entry>(async (entries) => {
    const request = { QueueUrl: url, Entries: named(entries) };
    return (await ask((sqs, how) => sqs.sendMessageBatch(request, how))).Failed;
  });
  const removals = createBatches<Omit<DeleteMessageBatchRequestEntry, 'Id'>>(async (entries) => {
    const request = { QueueUrl: url, Entries: named(entries) };
    return (await ask((sqs, how) => sqs.deleteMessageBatch(request, how))).Failed;
  });
  const changes = createBatches<{ ReceiptHandle: string; VisibilityTimeout: number }>(async (entries) => {
    const request = { QueueUrl: url, Entries: named(entries) };
    return (await ask((sqs, how) => sqs.changeMessageVisibilityBatch(request, how))).Failed;
  });

  return {
    async send(message) {
      const entry = toEntry(message, groups);
      await sends.add(entry, entryBytes(entry));
    },

    async receive({ max, waitMs, visibilityMs }) {
      const waitSeconds = Math.min(Math.ceil(waitMs / 1_000), LONGEST_POLL_S);
      const request = {
        QueueUrl: url,
        MaxNumberOfMessages: Math.min(max, MAX_RECEIVED),
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds(visibilityMs),
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: [
          'ApproximateReceiveCount' as const,
          'SentTimestamp' as const,
          'MessageGroupId' as const,
        ],
      };
      const { Messages = [] } = await ask(
        (sqs, how) => sqs.receiveMessage(request, how),
        waitSeconds * 1_000,
      );
      return Messages.map(fromMessage);
    },

    async remove({ handle }) {
      await removals.add({ ReceiptHandle: handle }, handle.length).catch(unlessNoLongerHeld);
    },

    async hide({ handle, receivedAt }, visibilityMs) {
      const VisibilityTimeout = visibilitySeconds(visibilityMs, performance.now() - receivedAt);
      try {
        await changes.add({ ReceiptHandle: handle, VisibilityTimeout }, handle.length);
        return true;
      } catch (fault) {
        unlessNoLongerHeld(fault);
        return false;
      }
    },

    async counts() {
      const { Attributes = {} } = await ask((sqs, how) =>
        sqs.getQueueAttributes(
          {
            QueueUrl: url,
            AttributeNames: [
              'ApproximateNumberOfMessages',
              'ApproximateNumberOfMessagesDelayed',
              'ApproximateNumberOfMessagesNotVisible',
            ],
          },
          how,
        ),
      );
      return {
        waiting:
          Number(Attributes.ApproximateNumberOfMessages) +
          Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
      };
    },

    async close() {
      await Promise.all([sends.close(), removals.close(), changes.close()]);
    },
  };
}

function unlessNoLongerHeld(fault: unknown): void {
  if (!isNoLongerHeld(fault)) throw fault;
}
