import type { Entry } from '../../../core/ports/store.ts';

/** Columns of the size, or of the mark that it is a folder, after the time. */
const SIZE_COLUMNS = 21;

/** The form of `dir` of MS-DOS as IIS gives it, in UTC: `11-25-26  04:36PM                 5120 po.x12`. */
export function dosLine(entry: Entry, name: string): string {
  const two = (number: number): string => String(number % 100).padStart(2, '0');
  const { modified } = entry;
  const [month, day] = [modified.getUTCMonth() + 1, modified.getUTCDate()];
  const date = [month, day, modified.getUTCFullYear()].map(two).join('-');
  const hour = modified.getUTCHours();
  const time = `${two(hour % 12 || 12)}:${two(modified.getUTCMinutes())}${hour < 12 ? 'AM' : 'PM'}`;
  const what =
    entry.kind === 'file' ? String(entry.size).padStart(SIZE_COLUMNS) : '       <DIR>'.padEnd(SIZE_COLUMNS);
  return `${date}  ${time}${what} ${name}`;
}
