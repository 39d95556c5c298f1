import { createHmac, randomBytes } from 'node:crypto';

/** How long a right password is remembered, in milliseconds. */
const REMEMBERED_MS = 5 * 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * Passwords that were right a moment ago, so that clients that log in for every file need not pay for scrypt each
 * time. What is kept is an HMAC under a key of this process; it covers the hash too, so a new hash forgets the old.
 */
export function createVerified(now: () => number = () => performance.now()) {
  const key = randomBytes(32);
  const until = new Map<string, number>();

  const digest = (user: string, password: string, hash: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([user, password, hash]))
      .digest('base64');

  return {
    has(user: string, password: string, hash: string): boolean {
      return (until.get(digest(user, password, hash)) ?? 0) > now();
    },

    add(user: string, password: string, hash: string): void {
      const name = digest(user, password, hash);
      // Deleted first, so that the first of the map is the one to go first.
      until.delete(name);
      until.set(name, now() + REMEMBERED_MS);
      if (until.size > MAX_REMEMBERED) until.delete(until.keys().next().value!);
    },
  };
}
