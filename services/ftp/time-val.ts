/** RFC 3659 §2.3: UTC, to the second; a fraction may follow. */
const TIME_VAL = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/;

/** `20261125163600` */
export const timeVal = (date: Date): string => date.toISOString().replace(/\.\d+Z$|[-:T]/g, '');

/** Milliseconds since 1970, not included: ext4 ends in 2446, and tells that time of every later one. */
const LATEST = Date.UTC(2400);

/** The time, or undefined for what is none, and for times before 1970 and from 2400 on, which not every store can keep. */
export function parseTimeVal(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second, fraction = ''] = TIME_VAL.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second === '60' ? '59' : second}.000Z`;
  const date = new Date(iso);
  // A date that the calendar does not have, 31 February, comes out as another one.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) return undefined;
  if (date.getTime() < 0 || date.getTime() >= LATEST) return undefined;
  // RFC 3659 §2.3 allows for a leap second.
  const leap = second === '60' ? 1000 : 0;
  return new Date(date.getTime() + leap + Number(fraction.slice(0, 3).padEnd(3, '0')));
}
