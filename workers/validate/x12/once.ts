import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../../../core/fault.ts';
import type { SettleContext } from '../content-check.ts';

/**
 * An interchange may come once. Its key is claimed when the file is accepted and not before, so that a rejected file
 * can be sent again under its number after repair. All are looked at before any is claimed: a file with one duplicate
 * takes no key.
 */

/** Control numbers wrap and are reset: a number that was last seen longer ago than this is new again. */
const DUPLICATE_WINDOW_DAYS = 180;
const DAY_MS = 86_400_000;
/** Claims are for ever, so a key that comes again after its window is claimed under the next number; this often. */
const MAX_GENERATIONS = 1000;

const CLAIM = 'x12-interchange';
const claimSchema = z.object({ arrival: z.string(), sha256: z.string(), at: z.string() });
type Claim = z.infer<typeof claimSchema>;

type Context = Pick<SettleContext, 'arrival' | 'partner' | 'ledger' | 'sha256'>;

export interface Duplicates {
  /** Claim names that nobody holds yet. */
  readonly free: readonly string[];
  /** Another arrival with the very same bytes was accepted before. */
  readonly resent: boolean;
  /** Interchanges, by their place in the file, that were accepted before with other bytes. */
  readonly changed: readonly { readonly index: number; readonly earlier: Claim }[];
}

export async function findDuplicates(keys: readonly string[], context: Context): Promise<Duplicates> {
  const free: string[] = [];
  const changed: { index: number; earlier: Claim }[] = [];
  let resent = false;
  for (const [index, key] of keys.entries()) {
    const { name, earlier } = await lastClaim(key, context);
    if (!earlier) free.push(name);
    else if (earlier.arrival === context.arrival.id) continue;
    else if (earlier.sha256 === context.sha256) resent = true;
    else changed.push({ index, earlier });
  }
  return { free, resent, changed };
}

/** Throws `busy` when another file took one meanwhile: the next attempt finds that out. */
export async function claimInterchanges(names: readonly string[], context: Context): Promise<void> {
  const mine: Claim = {
    arrival: context.arrival.id,
    sha256: context.sha256,
    at: context.arrival.receivedAt,
  };
  for (const name of names) {
    const first = await context.ledger.claim(CLAIM, name, mine);
    if (first !== undefined && claimSchema.parse(first).arrival !== mine.arrival) {
      throw new Fault('busy', 'another file with the same interchange control number is in hand');
    }
  }
}

/** The claim on the key within the window; without one, the name under which it can be claimed. */
async function lastClaim(key: string, context: Context): Promise<{ name: string; earlier?: Claim }> {
  // A digest, because a key may hold any character and be too long for a name.
  const digest = createHash('sha256').update(key).digest('hex');
  for (let generation = 0; generation < MAX_GENERATIONS; generation += 1) {
    const name = `${context.partner.name}|${digest}|${generation}`;
    const found = await context.ledger.claimed(CLAIM, name);
    if (found === undefined) return { name };
    const earlier = claimSchema.parse(found);
    const ageMs = Date.parse(context.arrival.receivedAt) - Date.parse(earlier.at);
    if (earlier.arrival === context.arrival.id || ageMs < DUPLICATE_WINDOW_DAYS * DAY_MS)
      return { name, earlier };
  }
  throw new Fault('internal', 'an interchange control number was claimed too often');
}
