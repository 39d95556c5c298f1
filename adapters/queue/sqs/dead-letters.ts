import type { DeadLetter } from '../../../core/ports/queue.ts';
import type { Pair } from './delivery.ts';
import type { Received } from './message.ts';
import type { RemoteQueue } from './remote-queue.ts';

/** Dead letters that one answer lists, and those that one redrive looks at and leaves where they are. */
const MAX_LISTED = 1_000;
const MAX_LEFT = 10_000;
/**
 * Milliseconds that a dead letter is hidden while it is looked at: nobody else sees it then. It is given back at the
 * end; after a crash it comes back by itself.
 */
const LOOK_MS = 60_000;
/** Milliseconds that the last look waits: asked without a wait, SQS looks into a part of the queue only. */
const LAST_LOOK_MS = 1_000;
const BATCH = 10;

export async function listDeadLetters({ dead }: Pair): Promise<DeadLetter[]> {
  const letters: Received[] = [];
  try {
    for await (const batch of walk(dead, MAX_LISTED)) letters.push(...batch);
  } finally {
    await giveBack(dead, letters);
  }
  return letters.map(toDeadLetter);
}

/**
 * Back into the queue first, then gone from the dead letters: after a crash between the two it is in both, and may be
 * done twice, which the ledger knows. What dies while this is at work stays dead.
 */
export async function redriveDeadLetters({ main, dead }: Pair, ids?: readonly string[]): Promise<number> {
  const wanted = ids && new Set(ids);
  const began = Date.now();
  const isWanted = ({ id, sentAt }: Received) => (wanted ? wanted.has(id) : sentAt.getTime() <= began);
  const others: Received[] = [];
  let count = 0;
  try {
    if (wanted?.size === 0) return 0;
    for await (const batch of walk(dead)) {
      const chosen = batch.filter(isWanted);
      others.push(...batch.filter((letter) => !chosen.includes(letter)));
      await Promise.all(
        chosen.map(async (letter) => {
          await main.send({ body: letter.body, group: letter.group });
          await dead.remove(letter);
        }),
      );
      count += chosen.length;
      if (count === wanted?.size || others.length >= MAX_LEFT) break;
    }
  } finally {
    await giveBack(dead, others);
  }
  return count;
}

/** All of the queue, hidden from others meanwhile; ends when there is nothing, or nothing new. */
async function* walk(dead: RemoteQueue, max = Number.POSITIVE_INFINITY): AsyncGenerator<Received[]> {
  const seen = new Set<string>();
  while (seen.size < max) {
    const wanted = { max: Math.min(BATCH, max - seen.size), waitMs: LAST_LOOK_MS, visibilityMs: LOOK_MS };
    const batch = await dead.receive(wanted);
    const fresh = batch.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    if (fresh.length === 0) return giveBack(dead, batch);
    yield fresh;
  }
}

async function giveBack(dead: RemoteQueue, letters: readonly Received[]): Promise<void> {
  await Promise.all(letters.map((letter) => dead.hide(letter, 0)));
}

/** One without our attributes was moved by SQS itself, by a redrive policy of the queue. */
const toDeadLetter = ({ id, body, sentAt, count, attributes }: Received): DeadLetter => ({
  id,
  body,
  attempt: Number(attributes.attempt ?? count),
  reason: attributes.reason ?? 'SQS moved it here: it was received too often',
  diedAt: sentAt,
});
