/** Figures of a noisy machine: the middle of several rounds, with the least and the most beside it. */

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
};

/** Three significant digits are more than such a machine can tell apart. */
const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** What was not measured. */
const NONE = '-';

/** `512 (498-530)`. */
export const showSpread = (values: readonly number[]): string =>
  values.length === 0
    ? NONE
    : `${show(median(values))} (${show(Math.min(...values))}-${show(Math.max(...values))})`;

/** The median of the rounds' own ratios: a round that was slow for all does not count against one. */
export const showRatio = (values: readonly number[], others: readonly number[]): string =>
  values.length === 0 || others.length === 0
    ? NONE
    : `${median(values.map((value, round) => value / others[round]!)).toFixed(2)}x`;

/** Characters of a line. */
const WIDTH = 120;
const GAP = '   ';

/**
 * The first column to the left, the others to the right, each as wide as its widest cell. After the first two they come
 * in pairs, a server and the ratio to it; those that do not fit beside the others stand below, beside the first two.
 */
export function showTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map(
    (_, column) => GAP.length + Math.max(...rows.map((row) => row[column]!.length)),
  );
  const [title, own, ...others] = widths.keys();
  const tables = [[title!, own!]];
  const room = WIDTH - widths[title!]! - widths[own!]!;
  let left = room;
  for (let at = 0; at < others.length; at += 2) {
    const pair = others.slice(at, at + 2);
    const wanted = pair.reduce((sum, column) => sum + widths[column]!, 0);
    if (wanted > left && left < room) {
      tables.push([title!, own!]);
      left = room;
    }
    tables.at(-1)!.push(...pair);
    left -= wanted;
  }
  const pad = (cell: string, column: number): string =>
    column === title ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  const show = (columns: readonly number[]): string =>
    rows
      .map((row) =>
        columns
          .map((column) => pad(row[column]!, column))
          .join('')
          .trimEnd(),
      )
      .join('\n');
  return tables.map(show).join('\n\n');
}
