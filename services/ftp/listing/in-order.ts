import type { Listed } from './asked-for.ts';

/** Entries that are held in memory to be put in order; a longer listing goes out as the store has it. */
const MAX_SORTED = 2048;

const byName = (one: Listed, other: Listed): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
const newestFirst = (one: Listed, other: Listed): number =>
  other.entry.modified.getTime() - one.entry.modified.getTime() || byName(one, other);

/**
 * As `ls` does, which scripts go by: by name, with `t` the newest first, with `r` the other way round. Programs that
 * take what they list one by one take it in that order.
 */
export async function* inOrder(listed: AsyncIterable<Listed>, flags: string): AsyncGenerator<Listed> {
  const order = flags.includes('t') ? newestFirst : byName;
  const sign = flags.includes('r') ? -1 : 1;
  let held: Listed[] | undefined = [];
  for await (const one of listed) {
    if (held && held.length < MAX_SORTED) held.push(one);
    else {
      if (held) yield* held;
      held = undefined;
      yield one;
    }
  }
  if (held) yield* held.sort((one, other) => sign * order(one, other));
}
