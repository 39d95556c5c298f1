import { ErrorCode } from 'bullmq';
import { Fault, type FaultCode } from '../../../core/fault.ts';

interface Meaning {
  readonly code: FaultCode;
  /** For the log, where Redis's own words would leave an operator guessing. */
  readonly hint?: string;
}

const REFUSED: Meaning = { code: 'queue-down', hint: "Redis refuses Landfall's user or password" };

/** By the first word of Redis's error; all else is `queue-down`. */
const byWord: Readonly<Record<string, Meaning>> = {
  OOM: { code: 'store-full', hint: "Redis's memory is full" },
  MISCONF: { code: 'queue-down', hint: 'Redis cannot write to its disk' },
  READONLY: { code: 'queue-down', hint: 'this Redis is a replica' },
  NOAUTH: REFUSED,
  NOPERM: REFUSED,
  WRONGPASS: REFUSED,
};

/** BullMQ's answers where the lock on a message is lost. */
const NO_LONGER_HELD: ReadonlySet<unknown> = new Set([
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]);

/** What ioredis throws when all its attempts to connect were in vain; it says nothing of why. */
const NO_CONNECTION = 'MaxRetriesPerRequestError';

/** Redis's error as a Fault, with the error as its cause. Faults stay as they are. */
export function redisFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof Error && thrown.name === NO_CONNECTION)
    return new Fault('queue-down', undefined, { cause: new Error('there is no connection to Redis') });
  const word = thrown instanceof Error ? thrown.message.split(' ', 1)[0]! : '';
  const { code, hint }: Meaning = Object.hasOwn(byWord, word) ? byWord[word]! : { code: 'queue-down' };
  return new Fault(code, undefined, {
    cause: hint === undefined ? thrown : new Error(hint, { cause: thrown }),
  });
}

/** Whether the message is somebody else's by now, or gone. */
export const isNoLongerHeld = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && NO_LONGER_HELD.has(thrown.code);
