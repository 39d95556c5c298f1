/**
 * SQS counts whole seconds, delays a new message by 15 minutes at most, and hides a received one for 12 hours at
 * most, counted from when it was received. Parts of a second are rounded up: never early.
 */
export const LONGEST_DELAY_MS = 900_000;
const LONGEST_VISIBILITY_MS = 43_200_000;

const seconds = (ms: number, longestMs: number): number =>
  Math.ceil(Math.max(0, Math.min(ms, longestMs)) / 1_000);

/** `DelaySeconds` of a new message. What is left of a longer delay is the receiver's: see `notBefore` in message.ts. */
export const delaySeconds = (ms: number): number => seconds(ms, LONGEST_DELAY_MS);

/**
 * `VisibilityTimeout` of a message that was received `heldMs` ago. A longer one ends early, at the 12 hours: the
 * pipeline's longest wait is less than one.
 */
export const visibilitySeconds = (ms: number, heldMs = 0): number =>
  seconds(ms, LONGEST_VISIBILITY_MS - Math.ceil(heldMs / 1_000) * 1_000);

/** How often a message that may not be received before `notBefore` was received too early, and hidden again. */
export const earlyReceives = (sentAt: number, notBefore: number): number =>
  Math.max(0, Math.ceil((notBefore - sentAt - LONGEST_DELAY_MS) / LONGEST_VISIBILITY_MS));
