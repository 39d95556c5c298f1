import { z } from 'zod';
import { globProblem } from './glob.ts';

/** Fields that several parts of a partner's file have. */

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** Of a partner, a feed, a target. */
export const nameField = z.string().regex(NAME, 'lower-case letters, digits, - and _, at most 63 characters');
/** Of segments between slashes: no way up in it. */
export const isWithoutDots = (text: string): boolean =>
  !text.split('/').some((segment) => segment === '.' || segment === '..');
/** As the partner sees it. */
export const pathField = z
  .string()
  .regex(/^\/(?:[^/\0\r\n]+(?:\/[^/\0\r\n]+)*)?$/, 'an absolute path without a slash at its end: /in')
  .refine(isWithoutDots, 'no . or ..');

/** A glob, as `core/glob.ts` has it. */
export const globField = z.string().superRefine((text, context) => {
  const problem = globProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
