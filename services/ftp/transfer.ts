import type { Socket } from 'node:net';
import { Fault } from '../../core/fault.ts';
import type { DataChannel } from './data/channel.ts';
import { replyTo } from './fault-replies.ts';
import { Refusal, type Reply } from './reply.ts';
import type { Session } from './session.ts';
import { mustBePrivate, protectChannel } from './tls/protect-channel.ts';
import { troubleIn } from './trouble.ts';

export type Direction = 'upload' | 'download' | 'listing' | 'digest' | 'combination';

/** How the log tells of a transfer's end; those without a row are not worth a line. */
const outcomes: Partial<Record<Direction, { readonly done: string; readonly failed: string }>> = {
  upload: { done: 'received', failed: 'not received' },
  download: { done: 'sent', failed: 'not sent' },
  combination: { done: 'combined', failed: 'not combined' },
};

/** What ends when nobody is left to send commands. A download goes on: the client takes it and reads no reply. */
export const endsWithControl: ReadonlySet<Direction> = new Set(['upload', 'digest', 'combination']);

/**
 * The one transfer that a session may have at a time: what STAT tells of, and what ABOR ends. What takes as long
 * without a data connection counts as one.
 */
export interface Transfer {
  readonly direction: Direction;
  readonly path: string;
  /** Bytes over the data connection so far. */
  bytes: number;
  /** Whether its opening reply has been given, or it has none. */
  isOpen: boolean;
  readonly signal: AbortSignal;
  /** The data connection; throws a `Refusal` 425, or 522 where TLS on it fails. */
  connect(): Promise<Socket>;
  /** Resolves when the sender's end is known to be that of all it sent; throws `cancelled`. */
  settled(): Promise<void>;
  /** Whether the end of what was received was told under TLS (close_notify); undefined where there was no TLS. */
  closedInTls(): boolean | undefined;
  /** Ends it; the reply comes at once, unless it is held. */
  abort(why: Fault): void;
  /** From now on the reply must tell what became of the file: it waits for the store. */
  holdReply(): void;
  /** Resolves when its last reply has been given. */
  readonly finished: Promise<void>;
}

/** The data connection that PASV, EPSV, PORT or EPRT prepared; each serves one transfer. Throws a `Refusal` 425. */
export function takeChannel(session: Session): DataChannel {
  const { channel } = session;
  if (!channel) throw new Refusal(425, 'Prepare a data connection first: EPSV, PASV, EPRT or PORT.');
  session.channel = undefined;
  if (session.protection?.data !== 'P' && mustBePrivate(session)) {
    channel.close();
    // RFC 4217 §10.2: a data connection cannot be opened with this PROT setting.
    throw new Refusal(521, 'Your data connections must be private: PROT P.');
  }
  return channel;
}

interface Work {
  readonly direction: Direction;
  readonly path: string;
}

/** What the store opened for a transfer, and the reply that says so. */
export interface Opened<What> {
  readonly opening: Reply | undefined;
  readonly what: What;
}

/**
 * The replies of a transfer: the opening one, then that of `work` or of its fault. When it is aborted the reply comes at
 * once, whatever the store is doing; the generator ends when all is cleared up, so the next command finds it so. The
 * replies must be taken to the end, whoever is there to read them.
 *
 * `work` clears up after itself. It is called whenever `open` has opened something, with an aborted signal if need be.
 * What `open` throws is thrown.
 */
export async function* runTransfer<What>(
  session: Session,
  channel: DataChannel,
  what: Work,
  open: () => Promise<Opened<What>>,
  work: (transfer: Transfer, opened: What) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const controller = new AbortController();
  const guarded = protectChannel(session, channel, what.direction, controller.signal);
  const transfer = { ...what, isOpen: false, ...guarded };
  try {
    yield* run(session, controller, transfer, open, work);
  } finally {
    channel.close();
  }
}

/** The same for what takes long without a data connection; its end is its only reply. */
export async function* runAlone(
  session: Session,
  what: Work,
  work: (transfer: Transfer) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const connect = async (): Promise<never> => {
    throw new Refusal(425, 'There is no data connection.');
  };
  const settled = async (): Promise<void> => undefined;
  const closedInTls = () => undefined;
  const open = async () => ({ opening: undefined, what: undefined });
  const transfer = { ...what, isOpen: true, connect, settled, closedInTls };
  yield* run(session, new AbortController(), transfer, open, work);
}

async function* run<What>(
  session: Session,
  controller: AbortController,
  what: Pick<Transfer, 'direction' | 'path' | 'isOpen' | 'connect' | 'settled' | 'closedInTls'>,
  open: () => Promise<Opened<What>>,
  work: (transfer: Transfer, opened: What) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const { promise: cut, reject: answer } = Promise.withResolvers<never>();
  cut.catch(() => undefined);
  let isHeld = false;
  const { signal } = controller;
  const transfer: Transfer = {
    ...what,
    bytes: 0,
    signal,
    holdReply() {
      isHeld = true;
    },
    abort(why) {
      controller.abort(why);
      if (!isHeld) answer(signal.reason);
    },
    finished,
  };
  const timer = setTimeout(() => transfer.abort(new Fault('timed-out', 'the transfer')), longest(session));
  session.transfer = transfer;
  const startedAt = performance.now();
  const { direction, path } = what;
  const opened = open();
  let working: Promise<Reply> | undefined;
  const begin = (one: Opened<What>): Promise<Reply> => {
    working ??= work(transfer, one.what);
    return working;
  };
  try {
    let end: Reply;
    let trouble: Fault | undefined;
    try {
      const ready = await Promise.race([opened, cut]);
      transfer.isOpen = true;
      if (ready.opening) yield ready.opening;
      end = await Promise.race([begin(ready), cut]);
    } catch (thrown) {
      if (!transfer.isOpen && !signal.aborted) throw thrown;
      end = replyTo(thrown);
      trouble = troubleIn(thrown);
      if (trouble?.code === 'internal') session.log.error({ err: trouble, path }, 'transfer failed');
      else if (trouble && !outcomes[direction]) {
        session.log.warn({ path, reason: trouble.reason }, 'transfer failed');
      }
    }
    const outcome = outcomes[direction];
    if (outcome) {
      const ms = Math.round(performance.now() - startedAt);
      const facts = { path, bytes: transfer.bytes, ms };
      if (end.code < 400) session.log.info(facts, outcome.done);
      else {
        const why = { reply: `${end.code} ${end.text}`, reason: trouble?.reason };
        session.log.warn({ ...facts, ...why }, outcome.failed);
      }
    }
    yield end;
    finish();
    await opened.then(begin).catch(() => undefined);
  } finally {
    clearTimeout(timer);
    session.transfer = undefined;
    finish();
  }
}

/** Milliseconds of one whole transfer: the listener's bound, or the partner's where that is less. */
function longest({ options, visit }: Session): number {
  return Math.min(options.timeouts.transferMs, visit?.zone.partner.limits.transferTime ?? Infinity);
}
