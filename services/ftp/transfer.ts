import type { Socket } from 'node:net';
import { Fault } from '../../core/fault.ts';
import type { DataChannel } from './data/channel.ts';
import { replyTo } from './fault-replies.ts';
import { Refusal, type Reply } from './reply.ts';
import type { Session } from './session.ts';

export type Direction = 'upload' | 'download' | 'listing';

/** How the log tells of a transfer's end; listings are not worth a line. */
const outcomes = {
  upload: { done: 'received', failed: 'not received' },
  download: { done: 'sent', failed: 'not sent' },
} as const;

/** The one transfer that a session may have at a time: what STAT tells of, and what ABOR ends. */
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

/**
 * The replies of a transfer: the opening one, then that of `work` or of its fault. They must be taken to the end,
 * whoever is there to read them: `work` clears up after itself.
 */
export async function* runTransfer(
  session: Session,
  channel: DataChannel,
  what: { readonly direction: Direction; readonly path: string },
  opening: Reply,
  work: (transfer: Transfer) => Promise<Reply>,
): AsyncGenerator<Reply> {
  const controller = new AbortController();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const transfer: Transfer = {
    ...what,
    bytes: 0,
    signal: controller.signal,
    connect: () => channel.connect(controller.signal),
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
    yield opening;
    let end: Reply;
    try {
      end = await work(transfer);
    } catch (thrown) {
      const cause = Fault.from(thrown);
      end = replyTo(thrown);
      if (!(thrown instanceof Refusal) && cause.code === 'internal') {
        session.log.error({ err: cause, path }, 'transfer failed');
      }
    }
    if (direction !== 'listing') {
      const ms = Math.round(performance.now() - startedAt);
      const facts = { path, bytes: transfer.bytes, ms };
      const { done, failed } = outcomes[direction];
      if (end.code < 400) session.log.info(facts, done);
      else session.log.warn({ ...facts, reply: `${end.code} ${end.text}` }, failed);
    }
    yield end;
  } finally {
    clearTimeout(timer);
    channel.close();
    session.transfer = undefined;
    finish();
  }
}
