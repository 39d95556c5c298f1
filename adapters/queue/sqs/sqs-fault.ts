import { Fault, type FaultCode } from '../../../core/fault.ts';

interface Meaning {
  readonly code: FaultCode;
  /** For the log, where SQS's own words would leave an operator guessing. */
  readonly hint?: string;
}

const REFUSED: Meaning = {
  code: 'queue-down',
  hint: "SQS refuses Landfall's credentials, or they lack a permission",
};
const NO_QUEUE: Meaning = { code: 'queue-down', hint: 'there is no such queue' };

/** By the names of SQS's errors, those of older makes among them; all else is `queue-down`. */
const byName: Readonly<Record<string, Meaning>> = {
  QueueDoesNotExist: NO_QUEUE,
  'AWS.SimpleQueueService.NonExistentQueue': NO_QUEUE,
  QueueDeletedRecently: {
    code: 'queue-down',
    hint: 'a queue of that name was deleted within the last minute',
  },
  AccessDenied: REFUSED,
  AccessDeniedException: REFUSED,
  CredentialsProviderError: REFUSED,
  ExpiredToken: REFUSED,
  InvalidClientTokenId: REFUSED,
  InvalidSecurity: REFUSED,
  SignatureDoesNotMatch: REFUSED,
  UnrecognizedClientException: REFUSED,
  KmsAccessDenied: { code: 'queue-down', hint: "the queue's encryption key may not be used" },
  KmsDisabled: { code: 'queue-down', hint: "the queue's encryption key is disabled" },
  OverLimit: { code: 'queue-down', hint: 'too many messages are in flight' },
  RequestThrottled: { code: 'queue-down', hint: 'SQS takes no more requests at the moment' },
  InvalidMessageContents: { code: 'bad-argument' },
};

/** The SDK's own, which has no name: no request was made. */
const NO_REGION = 'Region is missing';
const NO_REGION_HINT = 'no region is set: AWS_REGION, or &region= in its URL';

/** What SQS says of a receipt handle after its visibility timeout. */
const NO_LONGER_HELD: ReadonlySet<string> = new Set([
  'MessageNotInflight',
  'AWS.SimpleQueueService.MessageNotInflight',
  'ReceiptHandleIsInvalid',
]);

const isError = (value: unknown): value is Error => value instanceof Error;

/** SQS's error as a Fault, with the error as its cause. Faults stay as they are. */
export function sqsFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (isError(thrown) && thrown.message === NO_REGION)
    return new Fault('queue-down', undefined, { cause: new Error(NO_REGION_HINT) });
  const name = isError(thrown) ? thrown.name : '';
  const { code, hint }: Meaning = Object.hasOwn(byName, name) ? byName[name]! : { code: 'queue-down' };
  return new Fault(code, undefined, {
    cause: hint === undefined ? thrown : new Error(hint, { cause: thrown }),
  });
}

/** Whether the message is somebody else's by now, or gone. */
export function isNoLongerHeld(thrown: unknown): boolean {
  const cause = thrown instanceof Fault ? thrown.cause : undefined;
  if (!isError(cause)) return false;
  if (NO_LONGER_HELD.has(cause.name)) return true;
  // Where the message is gone, AWS finds fault with the value.
  return cause.name === 'InvalidParameterValue' && /receipt ?handle/i.test(cause.message);
}

export const isNoSuchQueue = (thrown: unknown): boolean =>
  thrown instanceof Fault && thrown.cause instanceof Error && thrown.cause.message === NO_QUEUE.hint;
