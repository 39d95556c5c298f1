import type { Socket } from 'node:net';
import { Fault } from '../../core/fault.ts';
import type { DataChannel } from './data/channel.ts';
import { replyTo } from './fault-replies.ts';
import { Refusal, type Reply } from './reply.ts';
import type { Session } from './session.ts';
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
  readonly signal: AbortSignal;
  /** The data connection; throws a `Refusal` 425. */
  connect(): Promise<Socket>;
  abort(why: Fault): void;
  /** Resolves when its last reply has been given. */
  readonly finished: Promise<void>;
}

/** The data connection that PASV, EPSV, PORT or EPRT prepared; each serves one transfer. Throws a `Refusal` 425. */
export function takeChannel(session: Session): DataChannel {
  const { channel } = session;
  if (!channel) throw new Refusal(425, 'Prepare a data connection first: EPSV, PASV, EPRT or PORT.');
  session.channel = undefined;
  return channel;
}

interface Work {
  readonly direction: Direction;
  readonly path: string;
}

/**
 * The replies of a transfer: the opening one, then that of `work` or of its fault. They must be taken to the end,
 * whoever is there to read them: `work` clears up after itself.
 */
export async function* runTransfer(
  session: Session,
  channel: DataChannel,
  what: Work,
  opening: Reply,
  work: (transfer: Transfer) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const controller = new AbortController();
  const transfer = { ...what, connect: () => channel.connect(controller.signal) };
  try {
    yield* run(session, controller, transfer, opening, work);
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
  yield* run(session, new AbortController(), { ...what, connect }, undefined, work);
}

async function* run(
  session: Session,
  controller: AbortController,
  what: Pick<Transfer, 'direction' | 'path' | 'connect'>,
  opening: Reply | undefined,
  work: (transfer: Transfer) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const transfer: Transfer = {
    ...what,
    bytes: 0,
    signal: controller.signal,
    abort: (why) => controller.abort(why),
    finished,
  };
  const timer = setTimeout(
    () => transfer.abort(new Fault('timed-out', 'the transfer')),
    session.options.timeouts.transferMs,
  );
  session.transfer = transfer;
  const startedAt = performance.now();
  const { direction, path } = what;
  try {
    if (opening) yield opening;
    let end: Reply;
    let trouble: Fault | undefined;
    try {
      end = await work(transfer);
    } catch (thrown) {
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
  } finally {
    clearTimeout(timer);
    session.transfer = undefined;
    finish();
  }
}
