import type { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { masterSecretOf } from './master-secret.ts';

/** Sessions of data connections that are remembered: a client resumes the newest, or that of its control connection. */
const MAX_REMEMBERED = 64;

/**
 * The TLS sessions of one FTP session. That a data connection resumed some session shows only that its peer has been
 * here: whoever has a ticket of their own could take another's data connection. That it resumed one of these shows that
 * it is made by who made the control connection.
 */
export interface Resumption {
  /** The `server` of the control connection's TLSSocket: where Node tells of new sessions and asks for old ones. */
  readonly ofControl: Server;
  /** The control connection's handshake is done just now. */
  begin(control: TLSSocket): void;
  ofData(): DataResumption;
}

interface DataResumption {
  /** As `ofControl`. */
  readonly server: Server;
  /** Whether the data connection, whose handshake is done just now, resumed one of these sessions. Then its own count too. */
  isResumed(data: TLSSocket): boolean;
}

export function createResumption(): Resumption {
  const control = new Set<string>();
  const data: string[] = [];
  /** For TLS 1.2 clients that know no tickets. */
  const byId = new Map<string, Buffer>();

  const watch = (began: (id: Buffer, session: Buffer) => void): Server => {
    const events = new EventEmitter();
    events.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
      began(id, session);
      done();
    });
    events.on('resumeSession', (id: Buffer, done: (error: null, session: Buffer | null) => void) => {
      done(null, byId.get(id.toString('hex')) ?? null);
    });
    // Node asks for a `net.Server` and uses nothing of it but its events.
    return events as Server;
  };

  return {
    ofControl: watch((id, session) => {
      control.add(masterSecretOf(session));
      byId.set(id.toString('hex'), session);
    }),
    begin(socket) {
      const session = socket.getSession();
      if (session) control.add(masterSecretOf(session));
    },
    ofData() {
      let isOwn = false;
      // Its first tickets may come before its handshake is known to be done.
      let early: string[] = [];
      const remember = (secret: string): void => {
        if (data.push(secret) > MAX_REMEMBERED) data.shift();
      };
      return {
        server: watch((_id, session) => {
          if (isOwn) remember(masterSecretOf(session));
          else early.push(masterSecretOf(session));
        }),
        isResumed(socket) {
          const session = socket.isSessionReused() ? socket.getSession() : undefined;
          const secret = session && masterSecretOf(session);
          isOwn = secret !== undefined && (control.has(secret) || data.includes(secret));
          if (isOwn) for (const one of early) remember(one);
          early = [];
          return isOwn;
        },
      };
    },
  };
}
