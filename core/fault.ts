/**
 * What can go wrong, in words that belong to no protocol.
 *
 * `retry` says whether the same request may succeed later: FTP answers 4xx or 5xx by it, HTTP 503 or 4xx, and a
 * worker gives the message back or buries it. A protocol's own map is `satisfies Record<FaultCode, ...>`, so that
 * a new row does not compile until every protocol answers it.
 */
export const faults = {
  archived: { retry: true, text: 'the file is in an archive, and must be brought back from there first' },
  'bad-argument': { retry: false, text: 'the argument is not valid' },
  'bad-credentials': { retry: false, text: 'the name or the password is wrong' },
  'bad-name': { retry: false, text: 'the name holds characters that are not allowed' },
  'bad-offset': { retry: false, text: 'the restart offset does not fit what is stored' },
  busy: { retry: true, text: 'somebody else is writing this file' },
  cancelled: { retry: true, text: 'the transfer was cancelled' },
  'checksum-mismatch': { retry: true, text: 'the bytes that arrived are not the bytes that were announced' },
  'empty-file': { retry: false, text: 'empty files are not taken here' },
  exists: { retry: false, text: 'such a file or folder already exists' },
  incomplete: { retry: true, text: 'the file is not complete' },
  internal: { retry: true, text: 'something went wrong in the server' },
  'is-a-folder': { retry: false, text: 'that is a folder' },
  'limit-reached': { retry: true, text: 'a limit is reached, try again later' },
  'name-too-long': { retry: false, text: 'the name is too long' },
  'not-a-folder': { retry: false, text: 'that is not a folder' },
  'not-empty': { retry: false, text: 'the folder is not empty' },
  'not-found': { retry: false, text: 'no such file or folder' },
  'not-permitted': { retry: false, text: 'you may not do that here' },
  'not-supported': { retry: false, text: 'that is not supported' },
  'not-yet': { retry: true, text: 'not there yet' },
  'queue-down': { retry: true, text: 'the queue does not answer' },
  'scanner-down': { retry: true, text: 'the virus scanner gives no verdict' },
  'store-down': { retry: true, text: 'the store does not answer' },
  'store-full': { retry: true, text: 'the store is full' },
  'target-down': { retry: true, text: 'the target did not take the delivery' },
  'target-refused': { retry: false, text: 'the target refused the delivery' },
  'timed-out': { retry: true, text: 'it took too long' },
  'too-large': { retry: false, text: 'the file is larger than allowed' },
} as const satisfies Record<string, { retry: boolean; text: string }>;

export type FaultCode = keyof typeof faults;

/** Causes of causes that are told of. */
const MAX_TEXTS = 5;

/** The one error that crosses a port. `detail` is for the peer to read; `cause` is for the log only. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: string | undefined;

  constructor(code: FaultCode, detail?: string, options?: ErrorOptions) {
    super(detail ? `${faults[code].text}: ${detail}` : faults[code].text, options);
    this.name = 'Fault';
    this.code = code;
    this.detail = detail;
  }

  get retry(): boolean {
    return faults[this.code].retry;
  }

  /** Its text with those of its causes, for who runs Landfall; a peer is told the message only. */
  get reason(): string {
    const texts = [this.message];
    for (let cause = this.cause; cause instanceof Error && texts.length < MAX_TEXTS; cause = cause.cause) {
      const { message } = cause;
      if (!texts.some((text) => text.includes(message))) texts.push(message);
    }
    return texts.join(': ');
  }

  /** Any thrown value as a Fault; what is not one already is `internal`, with the value as its cause. */
  static from(thrown: unknown): Fault {
    return thrown instanceof Fault ? thrown : new Fault('internal', undefined, { cause: thrown });
  }
}
