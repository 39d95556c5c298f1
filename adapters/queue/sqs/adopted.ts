import type { Delivery } from '../../../core/ports/queue.ts';
import { attemptOf, deadLetter, type Pair } from './delivery.ts';
import { fromMessage, type Received } from './message.ts';

/** A message in the event that Lambda makes of SQS's (AWS Lambda's guide, "Using Lambda with Amazon SQS"). */
export interface EventRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: {
    readonly ApproximateReceiveCount: string;
    /** Milliseconds since 1970. */
    readonly SentTimestamp: string;
    readonly MessageGroupId?: string;
  };
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
  /** `arn:aws:sqs:REGION:ACCOUNT:QUEUE` */
  readonly eventSourceARN: string;
}

/** A message that Lambda has received and will remove, unless the answer to it says that the message failed. */
export interface AdoptedDelivery extends Delivery {
  /** The pipeline's name of its queue. */
  readonly queue: string;
  /** Acknowledged or buried: Lambda may remove it. */
  readonly isDone: boolean;
}

export const fromRecord = ({ messageAttributes, ...record }: EventRecord): Received =>
  fromMessage({
    MessageId: record.messageId,
    ReceiptHandle: record.receiptHandle,
    Body: record.body,
    Attributes: record.attributes,
    MessageAttributes: Object.fromEntries(
      Object.entries(messageAttributes).map(([name, { stringValue = '' }]) => [
        name,
        { DataType: 'String', StringValue: stringValue },
      ]),
    ),
  });

export const queueNameIn = ({ eventSourceARN }: EventRecord): string =>
  eventSourceARN.slice(eventSourceARN.lastIndexOf(':') + 1);

/**
 * Lambda says nothing of how long it holds the message, and removes it by its own receipt. So nothing here depends on
 * whether it is still held: if it is not, a message is done or buried twice, and never lost.
 */
export function adopt(queue: string, { main, dead }: Pair, message: Received): AdoptedDelivery {
  let isDone = false;
  const hide = async (ms: number): Promise<void> => void (await main.hide(message, ms));
  return {
    queue,
    id: message.id,
    body: message.body,
    sentAt: message.sentAt,
    attempt: attemptOf(message),
    get isDone() {
      return isDone;
    },
    async ack() {
      isDone = true;
    },
    async bury(reason) {
      await dead.send(deadLetter(message, reason));
      isDone = true;
    },
    release: hide,
    extend: hide,
  };
}
