import type { Arrival } from '../../core/arrival.ts';
import { showBytes } from '../../core/units.ts';
import { showText } from '../show-text.ts';
import type { Finding, FoundSoFar } from './finding.ts';
import type { ContentType } from './sniff.ts';
import { type Verdict, verdicts } from './verdict.ts';

/** The findings that are written out; a person reads no more. */
const MAX_WRITTEN = 200;

/** The readable report for the sender. The same file gets the same bytes whenever it is made. */
export function buildReport(
  arrival: Arrival,
  type: ContentType,
  findings: FoundSoFar,
  verdict: Verdict,
): string {
  const digest = arrival.digests.sha256;
  const lines = [
    `File:      ${showText(arrival.path)}`,
    `Received:  ${arrival.receivedAt} (UTC) by ${showText(arrival.protocol)}`,
    `Content:   ${type}, ${showBytes(arrival.size)} (${arrival.size} bytes)`,
    ...(digest ? [`SHA-256:   ${digest}`] : []),
    `Reference: ${arrival.id}${arrival.run > 1 ? `, run ${arrival.run}` : ''}`,
    '',
    `Result:    ${verdicts[verdict].outcome}`,
    `Next:      ${verdicts[verdict].next}`,
    '',
    `Found:     ${findings.errors} errors, ${findings.warnings} warnings`,
  ];
  const written = findings.kept.slice(0, MAX_WRITTEN);
  for (const [index, finding] of written.entries()) lines.push('', ...entry(index + 1, finding));
  const left = findings.errors + findings.warnings - written.length;
  if (left > 0) lines.push('', `... and ${left} more, which are not listed.`);
  return `${lines.join('\r\n')}\r\n`;
}

const entry = (number: number, finding: Finding): string[] => [
  `${number}. ${finding.severity.toUpperCase()} ${finding.code}: ${finding.message}`,
  ...(finding.where === undefined ? [] : [`   where:    ${finding.where}`]),
  ...(finding.expected === undefined ? [] : [`   expected: ${finding.expected}`]),
  ...(finding.found === undefined ? [] : [`   found:    ${finding.found}`]),
  ...(finding.advice === undefined ? [] : [`   advice:   ${finding.advice}`]),
];
