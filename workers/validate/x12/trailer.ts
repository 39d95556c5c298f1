/** What SE, GE and IEA say of what they close. */

export const saysCount = (text: string | undefined, counted: number): boolean =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) === counted;

/** The header's control number with other zeros before it: common, and harmless. */
export const isSameNumber = (trailer: string | undefined, header: string): boolean =>
  trailer !== undefined &&
  /^\d+$/.test(trailer) &&
  /^\d+$/.test(header) &&
  withoutZeros(trailer) === withoutZeros(header);

const withoutZeros = (digits: string): string => digits.replace(/^0+(?=\d)/, '');
