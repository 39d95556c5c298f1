import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';

export interface Handshake {
  readonly context: SecureContext;
  /** The context for the host that the client names (SNI). */
  readonly contextFor?: (host: string) => SecureContext;
  /** ALPN; a client that names protocols must name one of these. */
  readonly protocols: readonly string[];
  readonly sessions: Server;
  readonly requestCertificate: boolean;
  /** Called in the moment when it is done, before anything else can happen. */
  readonly done?: (secured: TLSSocket) => void;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The server's side of a TLS handshake. Rejects when it fails, with what it is put on destroyed. */
export function shakeHands(on: Socket | Duplex, handshake: Handshake): Promise<TLSSocket> {
  const { contextFor, protocols, signal } = handshake;
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secured = new TLSSocket(on, {
    isServer: true,
    secureContext: handshake.context,
    server: handshake.sessions,
    requestCert: handshake.requestCertificate,
    // Certificates are known by their fingerprint, whoever signed them.
    rejectUnauthorized: false,
    // Against an exchange that was meant for another protocol (ALPACA), whose names would be others.
    ALPNCallback: ({ protocols: offered }) => offered.find((one) => protocols.includes(one)),
    ...(contextFor && {
      SNICallback: (host, answer) => answer(null, contextFor(host.toLowerCase())),
    }),
  });

  const fail = (why: Error): void => {
    secured.destroy();
    reject(why);
  };
  const abort = (): void => fail(signal?.reason as Error);
  // It would go on waiting: for Node this is an end like any other.
  const ended = (): void => fail(new Error('the client ended the connection in the TLS handshake'));
  const timer = setTimeout(() => fail(new Error('the TLS handshake took too long')), handshake.timeoutMs);
  const settled = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    secured.off('end', ended);
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();

  secured.once('end', ended);
  secured.once('secure', () => {
    settled();
    handshake.done?.(secured);
    resolve(secured);
  });
  secured.on('error', (error) => {
    settled();
    fail(error);
  });
  secured.once('close', () => {
    settled();
    reject(new Error('the connection ended in the TLS handshake'));
  });
  // What goes wrong with TLS later Node tells of here only, unless the connection was made by its own server.
  secured.on('_tlsError' as 'error', (error) => secured.destroy(error));
  return promise;
}

/** Why a handshake failed: OpenSSL's words where it has some, without the place in its source. */
export const reasonOf = (thrown: unknown): string => {
  const { reason, message } = thrown as Error & { reason?: string };
  return reason ?? message;
};
