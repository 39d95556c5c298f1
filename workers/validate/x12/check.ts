import { Buffer } from 'node:buffer';
import { showText } from '../../show-text.ts';
import type { ContentCheck, SettleContext } from '../content-check.ts';
import type { Findings } from '../finding.ts';
import type { Verdict } from '../verdict.ts';
import { acknowledge } from './acknowledge.ts';
import { createEnvelope } from './envelope.ts';
import { type Interchange, interchangeKey } from './interchange.ts';
import { claimInterchanges, findDuplicates } from './once.ts';
import { x12Rules } from './rules.ts';
import { createSegmentScanner } from './segment-scanner.ts';

/** Interchange control numbers that go onto the timeline. */
const MAX_SHOWN_NUMBERS = 20;

/**
 * The check of X12 files: the envelope of each interchange. The unit of failure is the file: one error anywhere and
 * nothing of it goes on, and the acknowledgement says so of every set in it.
 */
export function openX12Check(findings: Findings): ContentCheck {
  const envelope = createEnvelope(findings);
  const scanner = createSegmentScanner(envelope);
  const { interchanges, counts } = envelope;

  const reportDuplicate = (interchange: Interchange, earlier: string): void => {
    const { severity, message, advice, ta1 } = x12Rules['interchange-duplicate'];
    const where = `interchange ${showText(interchange.isa[13]!)}`;
    findings.add(severity, () => ({
      code: 'x12.interchange-duplicate',
      severity,
      message,
      advice,
      where,
      found: earlier,
    }));
    interchange.ta1 ??= ta1;
  };

  const decide = async (context: SettleContext): Promise<Verdict> => {
    if (findings.errors > 0) return 'rejected';
    const duplicates = await findDuplicates(interchanges.map(interchangeKey), context);
    for (const { index, earlier } of duplicates.changed) {
      reportDuplicate(interchanges[index]!, `arrival ${earlier.arrival} of ${earlier.at}`);
    }
    if (duplicates.changed.length > 0) return 'quarantined';
    if (duplicates.resent) return 'resend';
    await claimInterchanges(duplicates.free, context);
    return 'accepted';
  };

  return {
    write: (chunk) => scanner.write(chunk),
    end() {
      scanner.end();
      envelope.end();
    },
    async settle(context) {
      const verdict = await decide(context);
      const numbers = interchanges.slice(0, MAX_SHOWN_NUMBERS).map(({ isa }) => showText(isa[13]!));
      const details = { interchanges: interchanges.length, ...counts, controlNumbers: numbers };
      const accepted = verdict === 'accepted' || verdict === 'resend';
      const text = await acknowledge(interchanges, accepted, context);
      return {
        verdict,
        details,
        ...(text === '' ? {} : { acknowledgement: { ending: '997', bytes: Buffer.from(text, 'latin1') } }),
      };
    },
  };
}
