import { z } from 'zod';

const BYTES: Record<string, number> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const MILLISECONDS: Record<string, number> = { ms: 1, s: 1e3, min: 60e3, h: 3600e3, d: 86_400e3 };

function parse(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
  const unit = match && units[match[2]!];
  return unit === undefined || unit === null ? undefined : Math.round(Number(match![1]) * unit);
}

const quantity = (units: Record<string, number>, hint: string) =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    const parsed = parse(String(value), units);
    if (parsed !== undefined && Number.isSafeInteger(parsed)) return parsed;
    context.addIssue({ code: 'custom', message: `must be ${hint}` });
    return z.NEVER;
  });

/** `64 KiB`, `10 MB`, `4096`: a number of bytes. */
export const bytes = quantity(BYTES, 'a size such as 4096, 64 KiB or 10 GB');
/** `250 ms`, `30 s`, `5 min`, `12 h`, `7 d`: a number of milliseconds. A unit is required. */
export const duration = quantity(MILLISECONDS, 'a duration such as 250 ms, 30 s, 5 min, 12 h or 7 d');

/** `1.5 MiB`: for people to read. */
export function showBytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const power = Math.min(Math.floor(Math.log2(count) / 10), 4);
  const shown = Number((count / 1024 ** power).toFixed(1));
  // Just below the next unit it is rounded up to it.
  if (shown === 1024 && power < 4) return showBytes(1024 ** (power + 1));
  return `${shown} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`;
}

/** `850 ms`, `2.4 s`, `3 min 20 s`: for people to read. */
export function showDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}
