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

/** Columns as wide as their widest cell: the first one to the left, the others to the right. */
export function showTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  return rows.map((row) => `  ${row.map(pad).join('   ')}`.trimEnd()).join('\n');
}
