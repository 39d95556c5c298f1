import { join } from 'node:path';
import { createLedger } from '../../../core/ledger.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { Attempt, Attempts } from './attempts.ts';
import {
  acknowledgedIn,
  attemptsOf,
  requireOnce,
  requireTimelines,
  seenInFolder,
  seenInStore,
} from './delivered.ts';

export interface Outcome {
  /** What the partner sees in /in. */
  readonly visible: readonly Attempt[];
  readonly announced: readonly Attempt[];
  /** X12 files whose 997 is there. */
  readonly answered: readonly Attempt[];
  /** What is not as it was promised, in words. */
  readonly problems: readonly string[];
}

export interface Places {
  readonly store: Store;
  readonly feeds: readonly string[];
  /** The folder of the feeds' delivery folders. */
  readonly delivered: string;
  /** UTC days on which something was sent. */
  readonly days: readonly string[];
}

/** Holds all that can be seen anywhere against what was sent, and what was acknowledged of it. */
export async function outcomeOf(
  { store, feeds, delivered, days }: Places,
  attempts: Attempts,
): Promise<Outcome> {
  const problems: string[] = [];
  const announced = await requireTimelines(createLedger(store), days, attempts, problems);
  requireOnce('timeline', announced, attempts, problems);

  const folders = await Promise.all(feeds.map((feed) => seenInFolder(join(delivered, feed))));
  const archives = await Promise.all(feeds.map((feed) => seenInStore(store, `archive/${feed}`)));
  for (const [place, seen] of Object.entries({ folder: folders.flat(), store: archives.flat() })) {
    const found = attemptsOf(seen, attempts, problems);
    requireOnce(place, found, attempts, problems);
    requireSame(place, found, announced, problems);
  }

  const visible = attemptsOf(await seenInStore(store, 'files/acme/in'), attempts, problems);
  for (const { file } of visible.filter((attempt) => !announced.includes(attempt))) {
    problems.push(`/in/${file.name} can be seen, and was not announced`);
  }

  const isOrder = ({ file }: Attempt): boolean => file.kind === 'x12';
  const answered = await acknowledgedIn(store, attempts, problems);
  requireOnce('997', answered, { ...attempts, all: attempts.all.filter(isOrder) }, problems);
  requireSame('997', answered, announced.filter(isOrder), problems);
  return { visible, announced, answered, problems };
}

function requireSame(
  place: string,
  found: readonly Attempt[],
  announced: readonly Attempt[],
  problems: string[],
): void {
  const [one, other] = [new Set(found), new Set(announced)];
  for (const { file, bytes } of one.symmetricDifference(other)) {
    problems.push(`${place}: ${file.name} (${bytes.length} bytes) is announced or there, and not both`);
  }
}
