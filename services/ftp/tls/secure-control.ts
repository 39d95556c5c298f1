import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Session } from '../session.ts';
import { shakeHands } from './handshake.ts';
import { overRecords, type Released } from './record-stream.ts';
import { createResumption } from './resumption.ts';

export interface SecuredControl {
  readonly stream: TLSSocket;
  /**
   * Ends TLS and not the socket (CCC, REIN): resolves when the close_notify is written. The socket is the caller's when
   * the client's own has come.
   */
  clear(caller: Released): Promise<void>;
}

/**
 * Puts TLS on the control connection, and tells the session what was agreed on. Rejects when the handshake fails, with
 * the socket destroyed.
 */
export async function secureControl(
  socket: Socket,
  session: Session,
  data: 'C' | 'P',
): Promise<SecuredControl> {
  const { tls, gate } = session.options;
  if (!tls) throw new Error('there is no TLS here');
  const records = overRecords(socket);
  const contexts = await tls.current();
  const resumption = createResumption();
  const stream = await shakeHands(records.stream, {
    context: contexts.for(session.host),
    contextFor: (host) => contexts.for(host),
    protocols: ['ftp'],
    sessions: resumption.ofControl,
    requestCertificate: gate.knowsCertificates(),
    done: (secured) => resumption.begin(secured),
    timeoutMs: tls.handshakeMs,
  });
  const host = serverNameOf(stream);
  session.serverName = host;
  // Somebody between may have said HOST, and the client has seen the certificate of this name.
  if (host !== undefined) session.host = undefined;
  session.protection = {
    context: contexts.for(host ?? session.host),
    resumption,
    certificate: stream.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase(),
    control: true,
    sized: false,
    data,
  };
  const { protection } = session;
  session.log.debug(
    {
      version: stream.getProtocol(),
      cipher: stream.getCipher().name,
      resumed: stream.isSessionReused(),
      host,
      certificate: protection.certificate,
    },
    'TLS on the control connection',
  );
  return {
    stream,
    async clear(caller) {
      records.release(caller);
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      // The client may be gone: nothing is told to end on a connection that is closed.
      if (socket.closed) end();
      socket.once('close', end);
      stream.end(end);
      await ended;
      socket.off('close', end);
    },
  };
}

/** `servername` is the name, or false or null where none was sent. */
const serverNameOf = (stream: TLSSocket): string | undefined => {
  const { servername } = stream as { servername?: string | false | null };
  return servername ? servername.toLowerCase() : undefined;
};
