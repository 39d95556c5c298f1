/**
 * What a check found in a file, for programs (`code`) and for the person who sent it (the rest). Texts are printable
 * ASCII: what comes from the file has been through `showText`.
 */
export interface Finding {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Where in the file, as that format counts: `interchange 000000007, segment 12 (SE), element 1, byte 431`. */
  readonly where?: string;
  readonly expected?: string;
  readonly found?: string;
  /** What the sender can do about it. */
  readonly advice?: string;
}

/** Errors and warnings of a file that are kept; the rest is counted only. */
const MAX_ERRORS = 1000;
const MAX_WARNINGS = 100;

export interface FoundSoFar {
  readonly kept: readonly Finding[];
  /** All of them, kept or not. */
  readonly errors: number;
  readonly warnings: number;
}

export interface Findings extends FoundSoFar {
  /** Counts one, and has it made if it is to be kept. */
  add(severity: Finding['severity'], make: () => Finding): void;
}

export function createFindings(): Findings {
  const kept: Finding[] = [];
  const count = { error: 0, warning: 0 };
  const most = { error: MAX_ERRORS, warning: MAX_WARNINGS };
  return {
    kept,
    get errors() {
      return count.error;
    },
    get warnings() {
      return count.warning;
    },
    add(severity, make) {
      count[severity] += 1;
      if (count[severity] <= most[severity]) kept.push(make());
    },
  };
}

export const joinFindings = (one: FoundSoFar, other: FoundSoFar): FoundSoFar => ({
  kept: [...one.kept, ...other.kept],
  errors: one.errors + other.errors,
  warnings: one.warnings + other.warnings,
});
