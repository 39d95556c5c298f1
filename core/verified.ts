import { createHmac, randomBytes } from 'node:crypto';

/** How long a right password is remembered, in milliseconds; as long as Dovecot does. */
const REMEMBERED_MS = 60 * 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * Passwords that were right lately, so that clients that log in for every file need not pay for scrypt each time. What
 * is kept is an HMAC under a key of this process; it covers the hash too, so a new hash forgets the old.
 */
export function createVerified(now: () => number = () => performance.now()) {
  const key = randomBytes(32);
  const until = new Map<string, number>();

  return {
    /** What is known by; tells nothing of the password. */
    nameOf: (user: string, password: string, hash: string): string =>
      createHmac('sha256', key)
        .update(JSON.stringify([user, password, hash]))
        .digest('base64'),

    has: (name: string): boolean => (until.get(name) ?? 0) > now(),

    add(name: string): void {
      // Deleted first, so that the first of the map is the one to go first.
      until.delete(name);
      until.set(name, now() + REMEMBERED_MS);
      if (until.size > MAX_REMEMBERED) until.delete(until.keys().next().value!);
    },
  };
}
