import { randomBytes } from 'node:crypto';
import {
  TICKET_KEY_BYTES,
  TICKET_KEYS_KEPT,
  type TicketKeySet,
  type TicketKeys,
} from '../../core/ports/ticket-keys.ts';

/** Keys of one process: nobody else opens its tickets, nor does it after a restart. */
export function createOwnTicketKeys(now = Date.now): TicketKeys {
  let held: TicketKeySet = { keys: [], rotatedAt: new Date(0) };
  return {
    async current(rotateMs) {
      // A clock that was set back makes no key young.
      const ageMs = Math.abs(now() - held.rotatedAt.getTime());
      if (held.keys.length > 0 && ageMs < rotateMs) return held;
      const keys = [randomBytes(TICKET_KEY_BYTES), ...held.keys].slice(0, TICKET_KEYS_KEPT);
      held = { keys, rotatedAt: new Date(now()) };
      return held;
    },
  };
}
