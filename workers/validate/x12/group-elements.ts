import type { X12RuleName } from './rules.ts';

/** What the elements of GS may hold. */
export const groupElements: readonly {
  element: number;
  rule: X12RuleName;
  form: RegExp;
  expected: string;
}[] = [
  { element: 1, rule: 'gs01', form: /^[A-Z][A-Z0-9]$/, expected: 'such as PO' },
  {
    element: 4,
    rule: 'gs04',
    form: /^(\d\d)?\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/,
    expected: 'CCYYMMDD',
  },
  { element: 5, rule: 'gs05', form: /^([01]\d|2[0-3])[0-5]\d([0-5]\d(\d{1,2})?)?$/, expected: 'HHMM' },
  { element: 6, rule: 'gs06', form: /^\d{1,9}$/, expected: 'one to nine digits' },
  { element: 8, rule: 'gs08', form: /^[0-9A-Z]{6,12}$/, expected: 'such as 004010' },
];

/** GS has this many elements. */
export const GS_ELEMENTS = 8;
