import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** What is said of a field that is not there. */
export const MISSING = 'is missing';

type Issue = z.core.$ZodRawIssue;
type Words = {
  readonly [Code in Issue['code']]?: (issue: Extract<Issue, { code: Code }>) => string | undefined;
};

/**
 * What a schema finds wrong, in words that go on behind the name of a field: for `error` of `safeParse`. What a schema
 * says of itself is not asked here, and zod's own words stay where nothing better is known.
 */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  const say = words[issue.code] as ((issue: Issue) => string | undefined) | undefined;
  return say?.(issue);
};

const words: Words = {
  invalid_type: ({ input, expected }) =>
    input === undefined ? MISSING : `must be ${kinds[expected] ?? expected}`,
  invalid_value: ({ values }) => `must be ${oneOf(values)}`,
  invalid_union: ({ options }) =>
    options === undefined ? undefined : `must be ${oneOf(options as readonly unknown[])}`,
  too_small: ({ minimum, inclusive, origin }) =>
    `must be ${inclusive ? 'at least' : 'more than'} ${minimum}${counted[origin] ?? ''}`,
  too_big: ({ maximum, inclusive, origin }) =>
    `must be ${inclusive ? 'at most' : 'less than'} ${maximum}${counted[origin] ?? ''}`,
  invalid_format: ({ format, prefix }) =>
    format === 'starts_with' ? `must start with ${prefix}` : formats[format],
  unrecognized_keys: ({ keys, inst }) => {
    const names = Object.keys((inst as z.ZodObject | undefined)?.shape ?? {});
    const meant = keys.length === 1 ? nearestName(keys[0]!, names) : undefined;
    return `there is no such field; ${meant ? `is ${meant} meant?` : `there are ${names.join(', ')}`}`;
  },
};

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'fields with values',
};

/** What the size of something is counted in; numbers are their own size. */
const counted: Readonly<Record<string, string>> = { string: ' characters', array: ' in all' };

const formats: Readonly<Record<string, string>> = { url: 'must be an http: or https: URL' };

/** `a`, `a or b`, `a, b or c` */
const oneOf = (values: readonly unknown[]): string =>
  values.length < 2 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
