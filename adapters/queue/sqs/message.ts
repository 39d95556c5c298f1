import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Message, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { decodeText, encodeText } from './text.ts';
import { delaySeconds, LONGEST_DELAY_MS } from './times.ts';

/** One message on its way to a queue; its body is text of ours, not yet encoded. */
export interface Sending {
  readonly body: string;
  readonly delayMs?: number;
  readonly group?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** One message that was received. */
export interface Received {
  readonly id: string;
  /** SQS's receipt handle: good until the visibility timeout. */
  readonly handle: string;
  readonly body: string;
  readonly sentAt: Date;
  /** How often it was received, this time included. */
  readonly count: number;
  readonly group?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** When it was received, by `performance.now()`. */
  readonly receivedAt: number;
}

export type Entry = Omit<SendMessageBatchRequestEntry, 'Id'>;

/** Bytes that SQS counts for an attribute beside its name and value: the type's name. */
const TYPE = 'String';
/** What SQS takes as a group; whatever is none is hashed, which keeps groups apart as well. */
const GROUP = /^[\x21-\x7e]{1,128}$/;

/**
 * A delay longer than SQS has one is in the attribute `notBefore`, milliseconds since 1970: who receives the message
 * earlier hides it again.
 */
export function toEntry({ body, delayMs = 0, group, attributes = {} }: Sending, groups: boolean): Entry {
  const all = {
    ...attributes,
    ...(delayMs > LONGEST_DELAY_MS ? { notBefore: String(Date.now() + Math.ceil(delayMs)) } : {}),
  };
  const entries = Object.entries(all).map(([name, value]) => [
    name,
    { DataType: TYPE, StringValue: encodeText(value) },
  ]);
  return {
    MessageBody: encodeText(body),
    ...(delayMs > 0 ? { DelaySeconds: delaySeconds(delayMs) } : {}),
    ...(entries.length > 0 ? { MessageAttributes: Object.fromEntries(entries) } : {}),
    ...(groups && group ? { MessageGroupId: GROUP.test(group) ? group : hash(group) } : {}),
  };
}

/** Bytes as SQS counts them, for the limit of a batch. */
export function entryBytes({ MessageBody = '', MessageAttributes = {} }: Entry): number {
  let bytes = Buffer.byteLength(MessageBody);
  for (const [name, { StringValue = '' }] of Object.entries(MessageAttributes)) {
    bytes += name.length + TYPE.length + Buffer.byteLength(StringValue);
  }
  return bytes;
}

export function fromMessage(message: Message): Received {
  const { Attributes = {}, MessageAttributes = {} } = message;
  const texts = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [
    name,
    decodeText(StringValue),
  ]);
  return {
    id: message.MessageId!,
    handle: message.ReceiptHandle!,
    body: decodeText(message.Body ?? ''),
    sentAt: new Date(Number(Attributes.SentTimestamp)),
    count: Number(Attributes.ApproximateReceiveCount),
    group: Attributes.MessageGroupId,
    attributes: Object.fromEntries(texts),
    receivedAt: performance.now(),
  };
}

const hash = (group: string): string => createHash('sha256').update(group).digest('hex');
