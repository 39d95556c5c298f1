import type { HeaderFault } from './delimiters.ts';
import type { X12RuleName } from './rules.ts';

/** What the elements of ISA may hold. Agreements between two partners ask for more; these hold for all. */
const rows: readonly { element: number; rule: X12RuleName; form: RegExp; expected: string }[] = [
  { element: 1, rule: 'isa01', form: /^0[0-8]$/, expected: '00 to 08' },
  { element: 3, rule: 'isa03', form: /^0[0-8]$/, expected: '00 to 08' },
  { element: 5, rule: 'isa05', form: /^[0-9A-Z]{2}$/, expected: 'two capitals or digits' },
  { element: 6, rule: 'isa06', form: /\S/, expected: 'an identifier' },
  { element: 7, rule: 'isa07', form: /^[0-9A-Z]{2}$/, expected: 'two capitals or digits' },
  { element: 8, rule: 'isa08', form: /\S/, expected: 'an identifier' },
  { element: 9, rule: 'isa09', form: /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/, expected: 'YYMMDD' },
  { element: 10, rule: 'isa10', form: /^([01]\d|2[0-3])[0-5]\d$/, expected: 'HHMM' },
  { element: 12, rule: 'isa12', form: /^00[2-9]0\d$/, expected: 'such as 00401' },
  { element: 13, rule: 'isa13', form: /^\d{9}$/, expected: 'nine digits' },
  { element: 14, rule: 'isa14', form: /^[01]$/, expected: '0 or 1' },
  { element: 15, rule: 'isa15', form: /^[PTI]$/, expected: 'P, T or I' },
];

export const isaFaults = (elements: readonly string[]): (HeaderFault & { element: number })[] =>
  rows
    .filter(({ element, form }) => !form.test(elements[element]!))
    .map(({ element, rule, expected }) => ({ element, rule, expected, found: elements[element]! }));
