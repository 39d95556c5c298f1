import { Fault, type FaultCode } from '../../core/fault.ts';
import { Refusal, type Reply, reply } from './reply.ts';

/** RFC 959 §4.2.1: 4xx where the same command may succeed later, 5xx where it will not. */
const codes = {
  archived: 450,
  'bad-argument': 501,
  'bad-credentials': 530,
  'bad-name': 553,
  // RFC 1123 §4.1.3.4: 554 is an invalid REST parameter.
  'bad-offset': 554,
  busy: 450,
  cancelled: 426,
  'checksum-mismatch': 451,
  'empty-file': 550,
  exists: 550,
  incomplete: 426,
  internal: 451,
  'is-a-folder': 550,
  'limit-reached': 450,
  'name-too-long': 553,
  'not-a-folder': 550,
  'not-empty': 550,
  'not-found': 550,
  'not-permitted': 550,
  'not-supported': 504,
  'not-yet': 450,
  'queue-down': 451,
  'scanner-down': 451,
  'store-down': 451,
  'store-full': 452,
  'target-down': 451,
  'target-refused': 550,
  'timed-out': 426,
  'too-large': 552,
} as const satisfies Record<FaultCode, number>;

/** For people: what a client wrote is not to move their cursor, or to colour their terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');

const sentence = (text: string): string => printable(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);

/** The reply that ends a command which threw. */
export function replyTo(thrown: unknown): Reply {
  if (thrown instanceof Refusal) return thrown.reply;
  const fault = Fault.from(thrown);
  return reply(codes[fault.code], sentence(fault.message));
}
