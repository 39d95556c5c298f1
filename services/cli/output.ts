import { asciiJson } from '../../core/ascii-json.ts';
import { safeText } from '../../core/safe-text.ts';
import type { Terminal } from './command.ts';

export type Row = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Rows as JSON lines for programs, as a table for people; `none` is said when there are none. */
export function sayRows(
  terminal: Terminal,
  columns: readonly string[],
  rows: readonly Row[],
  none: string,
): void {
  if (terminal.json) for (const row of rows) terminal.say(asciiJson(row));
  else if (rows.length === 0) terminal.say(none);
  else for (const line of table(columns, rows)) terminal.say(line);
}

/** Columns as wide as their widest cell, two spaces apart. */
function table(columns: readonly string[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map(heading),
    ...rows.map((row) => columns.map((column) => safeText(cellText(row[column])))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)));
  return cells.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}

/** `receivedAt` is RECEIVED AT. */
const heading = (column: string): string => column.replace(/[A-Z]/g, ' $&').toUpperCase();

const cellText = (value: Row[string] | undefined): string =>
  value === undefined || value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value);

/** One answer: a JSON document for programs, lines for people. */
export function sayOne(terminal: Terminal, document: object, lines: readonly string[]): void {
  if (terminal.json) terminal.say(asciiJson(document));
  else for (const line of lines) terminal.say(line);
}

/** `1 partner`, `2 partners` */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
