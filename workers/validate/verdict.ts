import type { StageRecord } from '../../core/ledger.ts';

/** What can become of a file here. */
export const verdicts = {
  accepted: { result: 'passed', outcome: 'accepted', next: 'nothing; the file goes on.' },
  rejected: {
    result: 'rejected',
    outcome: 'rejected; nothing of it was forwarded',
    next: 'mend the errors that are listed and send the file again.',
  },
  // It passes, for nothing is wrong with it, and goes no further: its content went on the first time.
  resend: {
    result: 'passed',
    outcome: 'accepted before; acknowledged again and not forwarded a second time',
    next: 'nothing.',
  },
  quarantined: {
    result: 'quarantined',
    outcome: 'set aside; nothing of it was forwarded',
    next: 'see the advice below.',
  },
} as const satisfies Record<string, { result: StageRecord['result']; outcome: string; next: string }>;

export type Verdict = keyof typeof verdicts;
