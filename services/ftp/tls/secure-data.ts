import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '../reply.ts';
import type { Session } from '../session.ts';
import { reasonOf, shakeHands } from './handshake.ts';
import type { Protection } from './protection.ts';
import { feedRecords } from './record-feed.ts';

export interface SecuredData {
  readonly stream: TLSSocket;
  /** Whether the peer has ended TLS in order, with a close_notify; known at the end, of uploads only. */
  readonly isClosedInOrder: () => boolean;
}

export interface DataHandshake {
  readonly session: Session;
  readonly protection: Protection;
  /** Only who receives must know how the connection ends; who sends is spared the copy. */
  readonly receives: boolean;
  readonly signal: AbortSignal;
}

/**
 * Puts TLS on a data connection, of which this is the server whoever has dialled (RFC 4217 §7). Throws the signal's
 * reason, and a `Refusal` 522 when the handshake fails or, where the partner's rules demand it, resumes no session of
 * this control connection (RFC 4217 §10.2).
 */
export async function secureData(connection: Socket, options: DataHandshake): Promise<SecuredData> {
  const { session, protection, receives, signal } = options;
  const resumption = protection.resumption.ofData();
  const records = receives ? feedRecords(connection) : undefined;
  const socket = records?.socket ?? connection;
  let isOwn = false;
  let stream: TLSSocket;
  try {
    stream = await shakeHands(records?.stream ?? socket, {
      context: protection.context,
      protocols: ['ftp-data', 'ftp'],
      sessions: resumption.server,
      requestCertificate: false,
      done(secured) {
        isOwn = resumption.isResumed(secured);
        // What comes next waits for who receives it.
        records?.hold();
        secured.once('resume', () => records?.goOn());
        // A client that only sends may not listen before its own end. If it closes with a ticket unread, its system
        // resets the connection, and what it has sent is lost on the way. In TLS 1.2 tickets are in the handshake.
        if (secured.getProtocol() === 'TLSv1.3') records?.holdBack();
      },
      timeoutMs: session.options.tls!.handshakeMs,
      signal,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    session.log.warn({ reason: reasonOf(thrown) }, 'TLS failed on the data connection');
    throw new Refusal(522, 'TLS failed on the data connection.');
  }
  // Node can reset a TCP connection only, and the sender resets what it could not send whole.
  stream.resetAndDestroy = () => {
    socket.resetAndDestroy();
    return stream;
  };
  if (!isOwn && session.visit?.zone.partner.ftp.resumption === 'required') {
    stream.resetAndDestroy();
    session.log.warn({}, 'data connection refused that resumed no TLS session of its control connection');
    throw new Refusal(522, 'The data connection must resume the TLS session of the control connection.');
  }

  let closedInOrder = false;
  if (records) {
    const { push } = stream;
    // Nothing tells of the end when it comes, only when all before it was read.
    stream.push = (chunk, encoding) => {
      if (chunk === null) closedInOrder = !records.isEnded();
      return push.call(stream, chunk, encoding);
    };
  }
  return { stream, isClosedInOrder: () => closedInOrder };
}
