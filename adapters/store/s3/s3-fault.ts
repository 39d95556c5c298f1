import { Fault, type FaultCode } from '../../../core/fault.ts';

/** What an answer of the store means; `again` when the same request may well succeed in a moment. */
interface Meaning {
  readonly code: FaultCode;
  readonly again?: boolean;
  /** For the log, where the store's own words would leave an operator guessing. */
  readonly hint?: string;
}

const AGAIN: Meaning = { code: 'store-down', again: true };
/** Retried by the sender: the operator mends it, and the file is still wanted. */
const REFUSED: Meaning = {
  code: 'store-down',
  hint: "the store refuses Landfall's credentials, or they lack a permission, perhaps for the key that it encrypts with",
};

const NOT_TAKEN: Meaning = { code: 'store-down' };
const UNKNOWN: Meaning = { code: 'store-down', hint: 'the store cannot do what it was asked to' };

const ELSEWHERE: Meaning = { code: 'store-down', hint: 'the bucket is in another region' };

/** By the error codes of the S3 API, those of other makes among them. */
const byName: Readonly<Record<string, Meaning>> = {
  ConditionalRequestConflict: AGAIN,
  OperationAborted: AGAIN,
  RequestTimeout: AGAIN,
  // It broke off on its way.
  IncompleteBody: AGAIN,
  // The bytes were damaged on their way.
  BadDigest: AGAIN,
  XAmzContentSHA256Mismatch: AGAIN,
  ExpiredToken: REFUSED,
  InvalidAccessKeyId: REFUSED,
  InvalidToken: REFUSED,
  SignatureDoesNotMatch: REFUSED,
  TokenRefreshRequired: REFUSED,
  PermanentRedirect: ELSEWHERE,
  TemporaryRedirect: ELSEWHERE,
  AuthorizationHeaderMalformed: ELSEWHERE,
  // A lifecycle rule moved it, as to S3 Glacier.
  InvalidObjectState: { code: 'archived' },
  ObjectNotInActiveTierError: { code: 'archived' },
  // What is refused after an answer has begun with 200 comes without a status of its own.
  AccessDenied: REFUSED,
  NoSuchKey: { code: 'not-found' },
  PreconditionFailed: { code: 'exists' },
  // The SDK signs the next attempt by the time that this answer tells.
  RequestTimeTooSkewed: { ...AGAIN, hint: "this machine's clock is wrong" },
  NoSuchBucket: { code: 'store-down', hint: 'there is no such bucket' },
  NoSuchUpload: { code: 'store-down', hint: 'the multipart upload was aborted, perhaps by a sweep' },
  QuotaExceeded: { code: 'store-full' },
  InsufficientStorage: { code: 'store-full' },
  XMinioStorageFull: { code: 'store-full' },
  EntityTooLarge: { code: 'too-large' },
  KeyTooLongError: { code: 'name-too-long' },
  InvalidObjectName: { code: 'name-too-long' },
};

/** By the status where the code says nothing more: an answer to HEAD has no body, so no code. */
const byStatus: Readonly<Record<number, Meaning>> = {
  301: ELSEWHERE,
  307: ELSEWHERE,
  401: REFUSED,
  403: REFUSED,
  404: { code: 'not-found' },
  409: AGAIN,
  412: { code: 'exists' },
  416: { code: 'bad-offset' },
  429: AGAIN,
  501: UNKNOWN,
  507: { code: 'store-full' },
};

interface S3Failure {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function meaningOf(thrown: unknown): Meaning {
  const { name = '', $metadata } = thrown as S3Failure;
  const status = $metadata?.httpStatusCode;
  if (Object.hasOwn(byName, name)) return byName[name]!;
  // No status: the network failed, or it took too long.
  if (status === undefined) return name === 'CredentialsProviderError' ? REFUSED : AGAIN;
  return byStatus[status] ?? (status >= 500 ? AGAIN : NOT_TAKEN);
}

/** Whether the same request may well succeed in a moment. A fault of our own, thrown before it was sent, stays. */
export const mayPass = (thrown: unknown): boolean =>
  !(thrown instanceof Fault) && meaningOf(thrown).again === true;

/** The store's error as a Fault, with the error as its cause. Faults stay as they are. */
export function s3Fault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const { code, hint } = meaningOf(thrown);
  const cause = hint === undefined ? thrown : new Error(hint, { cause: thrown });
  return new Fault(code, undefined, { cause });
}

export const isFault = (thrown: unknown, ...codes: FaultCode[]): boolean =>
  thrown instanceof Fault && codes.includes(thrown.code);

/** What the store's answer meant that became this fault. */
function meaningBehind(thrown: unknown): Meaning | undefined {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause as Error) {
    if ('$metadata' in cause) return meaningOf(cause);
  }
  return undefined;
}

/** Whether the store says that it does not know what was asked. */
export const isNotImplemented = (thrown: unknown): boolean => meaningBehind(thrown) === UNKNOWN;

/** Whether it does not take a request as it was, for no reason that time or an operator would mend. */
export const isNotTaken = (thrown: unknown): boolean =>
  [UNKNOWN, NOT_TAKEN].includes(meaningBehind(thrown) ?? AGAIN);

/** The answer, or undefined when the store says that there is no such object. */
export async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isFault(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}

/** For a `catch`: that there is one already is as good. */
export function unlessExists(thrown: unknown): void {
  if (!isFault(thrown, 'exists')) throw thrown;
}
