/** Letters that a slip of the hand puts in, leaves out or changes; two that change places count as two. */
const MAX_SLIPS = 2;

/** The name that was probably meant, where what was written is none of them. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const slips = names
    .filter((name) => Math.abs(name.length - written.length) <= MAX_SLIPS)
    .map((name) => ({ name, count: slipsBetween(written, name) }))
    .sort((one, other) => one.count - other.count);
  return slips[0] && slips[0].count <= MAX_SLIPS ? slips[0].name : undefined;
}

/** Levenshtein's distance, a row of its table at a time. */
function slipsBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const here = [row + 1];
    for (const [column, wanted] of [...other].entries()) {
      const changed = above[column]! + (letter === wanted ? 0 : 1);
      here.push(Math.min(changed, above[column + 1]! + 1, here[column]! + 1));
    }
    above = here;
  }
  return above[other.length]!;
}
