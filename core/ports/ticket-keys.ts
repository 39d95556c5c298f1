import type { Buffer } from 'node:buffer';

/** The secrets of TLS session tickets (RFC 5077 §4), so that a session begun at one listener resumes at another. */
export interface TicketKeys {
  /**
   * The keys, the same for all listeners. Where there is none yet, or the newest is older than `rotateMs`, one is made
   * first; of any number that ask at once, one makes it.
   */
  current(rotateMs: number): Promise<TicketKeySet>;
}

export interface TicketKeySet {
  /** TICKET_KEY_BYTES each, newest first: it seals new tickets, the others still open theirs. At most TICKET_KEYS_KEPT. */
  readonly keys: readonly Buffer[];
  /** When the newest was made. */
  readonly rotatedAt: Date;
}

/** As `tls.Server.setTicketKeys` takes them. */
export const TICKET_KEY_BYTES = 48;
/** A ticket outlives the key that sealed it by no more than so many rotations. */
export const TICKET_KEYS_KEPT = 3;
