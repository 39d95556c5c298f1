import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { TICKET_KEY_BYTES } from '../../../core/ports/ticket-keys.ts';

/** Bytes of each part of a key: its name, what authenticates, what encrypts (RFC 5077 §4), as Node has them. */
const PART = TICKET_KEY_BYTES / 3;

/** What OpenSSL makes of a ticket: a full handshake is needed; it is good, and a new one is given. */
const [NONE, GOOD_AND_RENEWED] = [0, 2];

/** What is made of it, what authenticates, what encrypts, the key's name, the initialisation vector; always all of them. */
type Answer = [typeof NONE | typeof GOOD_AND_RENEWED, Buffer, Buffer, Buffer, Buffer];
const NO_PART = Buffer.alloc(PART);
const NO_TICKET: Answer = [NONE, NO_PART, NO_PART, NO_PART, NO_PART];

/** What Node has in its context and does not document; its own tests use it. */
interface TicketContext {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, seals: boolean) => Answer;
}

/**
 * Has the context seal tickets with the first of the keys and open those of all, as they are at that moment. Every
 * resumption brings a new one: a client of TLS 1.3 may use each once (RFC 8446 §C.4), and every data connection uses
 * one. By what Node documents (`ticketKeys`) there would be one key for ever, and new tickets for new sessions only;
 * that is what is left where Node has the rest no longer.
 */
export function sealTickets(context: SecureContext, keys: () => readonly Buffer[]): void {
  const inner = context.context as TicketContext & { setTicketKeys(key: Buffer): void };
  if (typeof inner.enableTicketKeyCallback !== 'function') {
    inner.setTicketKeys(keys()[0]!);
    return;
  }
  inner.onticketkeycallback = (name, _iv, seals) => {
    const key = seals ? keys()[0] : keys().find((one) => one.subarray(0, PART).equals(name));
    if (!key) return NO_TICKET;
    const part = (index: number): Buffer => key.subarray(index * PART, (index + 1) * PART);
    return [GOOD_AND_RENEWED, part(1), part(2), part(0), randomBytes(PART)];
  };
  inner.enableTicketKeyCallback();
}
