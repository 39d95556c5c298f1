import type { Entry } from '../../../core/ports/store.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** As `ls` has it: about half a year. */
const RECENT_MS = 182 * 86_400_000;

/** The form of `ls -l` that all clients can read, in UTC: `-rw-r--r-- 1 ftp ftp 5120 Nov 25 16:36 po.x12`. */
export function longLine(entry: Entry, name: string, now: number): string {
  const { modified } = entry;
  const two = (number: number): string => String(number).padStart(2, '0');
  const age = now - modified.getTime();
  const isRecent = age < RECENT_MS && age > -86_400_000;
  const when = isRecent
    ? `${two(modified.getUTCHours())}:${two(modified.getUTCMinutes())}`
    : String(modified.getUTCFullYear()).padStart(5);
  const day = String(modified.getUTCDate()).padStart(2);
  const [mode, size] = entry.kind === 'file' ? ['-rw-r--r--', entry.size] : ['drwxr-xr-x', 0];
  return `${mode} 1 ftp ftp ${String(size).padStart(12)} ${months[modified.getUTCMonth()]} ${day} ${when} ${name}`;
}
