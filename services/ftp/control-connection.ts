import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Fault } from '../../core/fault.ts';
import { encodeText } from './charset.ts';
import type { Commands } from './command.ts';
import { addBytes, type CommandLine, hasLine, nothingUnread, takeLines } from './command-lines.ts';
import { dispatch, rowOf } from './dispatch.ts';
import { encodeReply, lastReply, type Reply } from './reply.ts';
import { endVisit, type Session } from './session.ts';
import { reasonOf } from './tls/handshake.ts';
import type { ProtectionLevel } from './tls/protection.ts';
import { type SecuredControl, secureControl } from './tls/secure-control.ts';
import { endsWithControl } from './transfer.ts';

/** Commands that a client may send ahead. When there are more, the socket is not read. */
const MAX_BACKLOG = 64;
/** Milliseconds for the client to take the last reply and close. */
const LINGER_MS = 1000;

export interface ControlConnection {
  /** Resolves when all is over, with transfers cleared up and the session counted out. Never rejects. */
  readonly closed: Promise<void>;
  /** Ends the session with 421: at once, or after the command that is running. */
  stop(): void;
  /** Ends the transfer that is running, keeping what has arrived. */
  abortTransfer(): void;
}

/** The one place that reads and writes the control connection: bytes to command lines, replies to bytes. */
export function serveControl(socket: Socket, session: Session, commands: Commands): ControlConnection {
  const { timeouts } = session.options;
  const backlog: CommandLine[] = [];
  let unread = nothingUnread;
  /** Where lines come from and replies go to: the socket, or TLS on it. */
  let stream = socket;
  let secured: SecuredControl | undefined;
  let shakingHands = false;
  let clientEnded = false;
  let stopping = false;
  let closing = false;
  let worker: Promise<void> | undefined;
  let urgent: Promise<void> | undefined;
  let idleTimer: NodeJS.Timeout | undefined;

  // Unread is unknown: with a full backlog nobody sees the client go.
  session.controlAlive = () => !clientEnded && !socket.destroyed && !stream.isPaused();

  const fillBacklog = (): void => {
    const { lines, rest } = takeLines(unread, MAX_BACKLOG - backlog.length);
    unread = rest;
    backlog.push(...lines);
    if (hasLine(unread)) stream.pause();
    else if (stream.isPaused()) stream.resume();
  };

  const nextLine = (): CommandLine | undefined => {
    const line = backlog.shift();
    if (line !== undefined) fillBacklog();
    return line;
  };

  const say = async (said: Reply): Promise<void> => {
    if (closing || socket.destroyed) return;
    if (shakingHands) return said.last ? void socket.destroy() : undefined;
    const wasTaken = stream.write(encodeText(session, encodeReply(said)));
    if (said.last) close();
    // At once: the client may answer before the write is over.
    else if (said.tls) await changes[said.tls]();
    else if (!wasTaken) await drained();
  };

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), timeouts.idleMs);
      const done = (): void => {
        clearTimeout(timer);
        stream.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      stream.once('drain', done);
      socket.once('close', done);
    });

  const close = (): void => {
    if (closing) return;
    closing = true;
    backlog.length = 0;
    stream.end();
    stream.resume();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };

  /** All replies of a command are taken, even when nobody is there to read them: that is what makes it clear up. */
  const perform = async (line: CommandLine): Promise<void> => {
    for await (const said of dispatch(session, commands, line)) {
      await say(said);
      if (said.code < 200) interject();
    }
  };

  const work = async (): Promise<void> => {
    clearTimeout(idleTimer);
    for (;;) {
      const line = closing || stopping ? undefined : nextLine();
      if (line === undefined) break;
      await perform(line);
      await urgent;
    }
    if (stopping) await say(lastReply(421, 'The server is going down, come again.'));
    else if (clientEnded) close();
    else waitForCommand();
  };

  const isUrgent = (line: CommandLine): boolean => {
    const during = rowOf(commands, line)?.duringTransfer;
    return during === 'ends' || (during === 'beside' && session.transfer?.isOpen === true);
  };

  const workUrgent = async (): Promise<void> => {
    while (session.transfer && backlog.length > 0 && isUrgent(backlog[0]!)) await perform(nextLine()!);
  };

  /** Runs the commands that may, while a transfer goes on; in order, so none overtakes one that may not. */
  const interject = (): void => {
    urgent ??= workUrgent().finally(() => {
      urgent = undefined;
    });
  };

  const start = (): void => {
    worker ??= work().finally(() => {
      worker = undefined;
    });
  };

  const wake = (): void => {
    if (session.transfer) interject();
    else start();
  };

  const waitForCommand = (): void => {
    idleTimer = setTimeout(() => {
      say(lastReply(421, 'No command came for too long.'));
    }, timeouts.idleMs);
  };

  const loginTimer = setTimeout(() => {
    if (!session.visit) say(lastReply(421, 'No login came in time.'));
  }, timeouts.loginMs);

  const hear = (bytes: Buffer): void => {
    if (closing) return;
    unread = addBytes(unread, bytes);
    fillBacklog();
    if (backlog.length > 0) wake();
  };
  const hearEnd = (): void => {
    clientEnded = true;
    // A client that was killed: its half-sent file ends like a whole one.
    if (session.transfer && endsWithControl.has(session.transfer.direction)) {
      session.transfer.abort(controlLost());
    }
    // No command will come that could use it; PASV may still be waiting for a port.
    if (backlog.length === 0) session.channel?.close();
    wake();
  };

  const listenTo = (next: Socket): void => {
    stream = next.on('data', hear).on('end', hearEnd);
  };
  /** What was said before does not count: under TLS, somebody between may have put it there. */
  const forget = (): void => {
    stream.off('data', hear).off('end', hearEnd);
    backlog.length = 0;
    unread = nothingUnread;
  };
  const secure = async (data: ProtectionLevel): Promise<void> => {
    forget();
    shakingHands = true;
    try {
      secured = await secureControl(socket, session, data);
      listenTo(secured.stream);
    } catch (thrown) {
      session.log.warn({ reason: reasonOf(thrown) }, 'TLS failed on the control connection');
      socket.destroy();
    }
    shakingHands = false;
  };
  const clear = async (): Promise<void> => {
    forget();
    const ended = secured?.clear({
      rest(bytes) {
        listenTo(socket);
        hear(bytes);
      },
      ended: hearEnd,
    });
    secured = undefined;
    stream = socket;
    await ended;
  };
  const changes = { begins: () => secure('C'), 'begins-private': () => secure('P'), ends: clear };

  const { promise: closed, resolve: finish } = Promise.withResolvers<void>();
  const clearUp = async (): Promise<void> => {
    clearTimeout(idleTimer);
    clearTimeout(loginTimer);
    closing = true;
    session.transfer?.abort(controlLost());
    session.channel?.close();
    await worker;
    await urgent;
    clearTimeout(idleTimer);
    await endVisit(session).catch((cause: unknown) =>
      session.log.error({ err: cause }, 'session not counted out'),
    );
    finish();
  };
  socket.on('close', clearUp);
  if (socket.closed) clearUp();

  const greet = async (): Promise<void> => {
    if (session.isImplicit) await secure('P');
    else listenTo(socket);
    await say({ code: 220, text: 'Landfall FTP ready.' });
    if (!socket.destroyed) waitForCommand();
  };
  greet();

  return {
    closed,
    stop() {
      stopping = true;
      session.channel?.close();
      // Nothing can be said now, and nothing is under way.
      if (shakingHands) socket.destroy();
      start();
    },
    abortTransfer: () => session.transfer?.abort(new Fault('cancelled', 'the server is going down')),
  };
}

const controlLost = (): Fault => new Fault('cancelled', 'the control connection was lost');
