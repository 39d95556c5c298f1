import { Buffer } from 'node:buffer';
import type { Reason } from '../../core/ledger.ts';
import type { Verdict } from '../../core/ports/scanner.ts';
import { bytesOf, type Stage, type Work } from '../../core/stage.ts';
import { quarantine } from '../quarantine.ts';
import { putReply } from '../reply-file.ts';
import { showText } from '../show-text.ts';

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
  const text = Buffer.from(reportOn(work, reason));
  const reportPath = isReported ? await putReply(ports.store.objects, work, 'scan.txt', text) : undefined;

  const details = { scanner, ...(place && { place }), ...(reportPath && { report: reportPath }) };
  return reason ? { result: 'quarantined', reasons: [reason], details } : { result: 'passed', details, next };
};

function reasonAgainst(verdict: Verdict): Reason | undefined {
  if (verdict.kind === 'clean') return undefined;
  return verdict.kind === 'infected'
    ? { code: 'infected', message: `${verdict.signature} was found in it` }
    : { code: 'unscannable', message: `it cannot be scanned: ${verdict.reason}` };
}

/** The same bytes at every attempt, whatever version scans: it is put once. */
const reportOn = ({ arrival }: Work, reason: Reason | undefined): string =>
  [
    `File:      ${showText(arrival.path)}`,
    `Received:  ${arrival.receivedAt} (UTC) by ${showText(arrival.protocol)}`,
    `Size:      ${arrival.size} bytes`,
    `Reference: ${arrival.id}${arrival.run > 1 ? `, run ${arrival.run}` : ''}`,
    '',
    `Scan:      ${reason ? reason.message : 'nothing was found in it'}`,
    `Result:    ${reason ? 'quarantined: it is not delivered' : 'passed'}`,
    '',
  ].join('\r\n');
