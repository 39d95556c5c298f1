import type { Reason } from '../../core/ledger.ts';
import type { Verdict } from '../../core/ports/scanner.ts';
import { bytesOf, type Stage, type Work } from '../../core/stage.ts';
import { writeReport } from '../report.ts';
import { quarantine } from './quarantine.ts';

/**
 * Only a clean file goes on. One that is infected, or that the scanner cannot look into, is taken out of the partner's
 * folder. Without a verdict the scanner's fault is thrown: the file is held and comes again.
 *
 * clamd's "clean" has two holes, both in zip archives: it does not look at the entries of ZIP64 archives, and it cuts
 * off an entry over its MaxFileSize without saying so. What hides there passes here.
 */
export const scan: Stage = async (work, ports) => {
  const { arrival, feed, signal } = work;
  const next = [{ stage: 'route' }] as const;
  if (feed.scan === 'off') return { result: 'passed', next };

  const scanner = await ports.scanner.version();
  const verdict = await ports.scanner.scan(bytesOf(ports.store.objects, arrival), signal);
  const reason = reasonAgainst(verdict);
  const place = reason && (await quarantine(ports.store.objects, arrival));

  const { report } = feed.acknowledge;
  const isReported = report === 'always' || (report === 'on-error' && reason !== undefined);
  const text = reportOn(work, scanner, reason);
  const reportPath = isReported ? await writeReport(ports, work, { stage: 'scan', text }) : undefined;

  const details = { scanner, ...(place && { place }), ...(reportPath && { report: reportPath }) };
  return reason ? { result: 'quarantined', reasons: [reason], details } : { result: 'passed', details, next };
};

function reasonAgainst(verdict: Verdict): Reason | undefined {
  if (verdict.kind === 'clean') return undefined;
  return verdict.kind === 'infected'
    ? { code: 'infected', message: `${verdict.signature} was found in it` }
    : { code: 'unscannable', message: `it cannot be scanned: ${verdict.reason}` };
}

const reportOn = ({ arrival }: Work, scanner: string, reason: Reason | undefined): string =>
  [
    `File      ${arrival.path}`,
    `Size      ${arrival.size} bytes`,
    `Received  ${arrival.receivedAt}`,
    `Arrival   ${arrival.id}`,
    `Scanner   ${scanner}`,
    `Result    ${reason ? `quarantined, and not delivered: ${reason.message}` : 'nothing was found in it'}`,
    '',
  ].join('\n');
