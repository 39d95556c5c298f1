import { showText } from '../../show-text.ts';
import type { Findings } from '../finding.ts';
import { type Group, type Interchange, MAX_LISTED_SEGMENTS, type TransactionSet } from './interchange.ts';
import { type X12Rule, type X12RuleName, x12Rules } from './rules.ts';

/** Where in the file the envelope is: what a finding names, and whose acknowledgement it changes. */
export interface Place {
  readonly interchange: Interchange | undefined;
  readonly group: Group | undefined;
  readonly set: TransactionSet | undefined;
  /** Of the segment in its set; ST is 1. */
  readonly position: number;
  /** `offset` in bytes, `number` from 1, both in the file. */
  readonly segment: { readonly id: string; readonly offset: number; readonly number: number };
}

export type Report = (
  rule: X12RuleName,
  details?: { readonly found?: string; readonly expected?: string; readonly element?: number },
) => void;

/** Reports what breaks a rule at the place where the envelope is, and keeps the rule's codes for the acknowledgement. */
export const createReporter =
  (findings: Findings, at: () => Place): Report =>
  (name, { found, expected, element } = {}) => {
    const rule: X12Rule = x12Rules[name];
    const place = at();
    if (rule.severity === 'error') keepCodes(rule, place);
    findings.add(rule.severity, () => ({
      code: `x12.${name}`,
      severity: rule.severity,
      message: rule.message,
      where: whereIs(place, element),
      ...(found === undefined ? {} : { found: showText(found) }),
      ...(expected === undefined ? {} : { expected: showText(expected) }),
      ...(rule.advice ? { advice: rule.advice } : {}),
    }));
  };

function keepCodes(rule: X12Rule, { interchange, group, set, position, segment }: Place): void {
  if (interchange && rule.ta1) interchange.ta1 ??= rule.ta1;
  if (group && rule.group) group.codes.add(rule.group);
  if (set && rule.set) set.codes.add(rule.set);
  if (set && rule.segment && set.segments.length < MAX_LISTED_SEGMENTS) {
    set.segments.push({ id: segment.id, position, code: rule.segment });
  }
}

const whereIs = ({ interchange, group, set, segment }: Place, element: number | undefined): string =>
  [
    ...(interchange ? [`interchange ${showText(interchange.isa[13]!)}`] : []),
    ...(group ? [`group ${showText(group.gs[6] ?? '')}`] : []),
    ...(set ? [`set ${showText(set.control)}`] : []),
    `segment ${segment.number}${segment.id === '' ? '' : ` (${showText(segment.id)})`}`,
    ...(element === undefined ? [] : [`element ${element}`]),
    `byte ${segment.offset}`,
  ].join(', ');
