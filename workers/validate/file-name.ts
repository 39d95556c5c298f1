import { baseName } from '../../core/paths.ts';
import { showText } from '../show-text.ts';
import type { Finding } from './finding.ts';

/** Names that a partner may have given to a file and that trouble those who get it. */
const rows: readonly (Pick<Finding, 'code' | 'severity' | 'message'> & { readonly form: RegExp })[] = [
  {
    code: 'name-control-characters',
    severity: 'error',
    message: 'the name holds control characters',
    form: /[\0-\x1f\x7f-\x9f\u2028\u2029]/,
  },
  {
    code: 'name-bidirectional',
    severity: 'error',
    message: 'the name holds characters that change the direction of writing, and so hides what it is',
    form: /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
  },
  {
    code: 'name-blanks',
    severity: 'warning',
    message: 'the name begins or ends with a blank or ends with a dot',
    form: /^\s|[\s.]$/u,
  },
  {
    code: 'name-not-portable',
    severity: 'warning',
    message: 'the name holds characters that not every system can write, or is reserved on some',
    form: /[<>:"|?*\\]|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i,
  },
];

export const nameFindings = (path: string): Finding[] =>
  rows
    .filter(({ form }) => form.test(baseName(path)))
    .map(({ code, severity, message }) => ({ code, severity, message, found: showText(baseName(path)) }));
