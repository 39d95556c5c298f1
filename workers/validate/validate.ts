import { Buffer } from 'node:buffer';
import type { Reason } from '../../core/ledger.ts';
import type { Outcome, Stage, StagePorts, Work } from '../../core/stage.ts';
import { quarantine } from '../quarantine.ts';
import { putReply } from '../reply-file.ts';
import { checksumFindings, isChecksumFile, readChecksums } from './checksum-file.ts';
import { contentChecks, type Settlement } from './content-check.ts';
import { nameFindings } from './file-name.ts';
import { sizeFindings } from './file-size.ts';
import { createFindings, type Finding, type FoundSoFar, joinFindings } from './finding.ts';
import { readOnce } from './read-once.ts';
import { buildReport } from './report.ts';
import { type ContentType, typeFindings } from './sniff.ts';
import { type Verdict, verdicts } from './verdict.ts';

/** Reasons in one ledger record; the report to the sender has more. */
const MAX_REASONS = 100;

/**
 * Is the file what its feed takes? One pass over the bytes, for the digests, the type and the content together; all
 * that is wrong is told, not only the first. Throws `incomplete` while a required checksum is not there yet.
 */
export const validate: Stage = async (work, ports) => {
  const { arrival, feed } = work;
  const { objects } = ports.store;
  const ofName = nameFindings(arrival.path);
  const isNamed = ofName.every(({ severity }) => severity !== 'error');
  if (isNamed && (await isChecksumFile(objects, arrival))) return passSideFile(work, ports);

  const checksums = await readChecksums(objects, arrival, feed);
  const inContent = createFindings();
  const content = arrival.size === 0 ? undefined : contentChecks[feed.accept.format]?.(inContent);
  const wanted = ['sha256', ...checksums.map(({ digest }) => digest)] as const;
  const { type, digests } = await readOnce(objects, work, content, wanted);
  const known: Work = { ...work, arrival: { ...arrival, digests } };

  const ofType = typeFindings(type, feed.accept.format);
  const common = createFindings();
  for (const finding of [
    ...ofName,
    ...sizeFindings(arrival.size, feed),
    ...checksumFindings(checksums, known.arrival, feed),
    ...ofType,
  ]) {
    common.add(finding.severity, () => finding);
  }

  // Bytes that are not the sender's, or of another kind, are not answered in the terms of the format.
  const settlement =
    common.errors === 0
      ? await content?.settle({ ...known, ledger: ports.ledger, sha256: digests.sha256! })
      : undefined;
  const findings = ofType.length > 0 ? common : joinFindings(common, inContent);
  const verdict = settlement?.verdict ?? (findings.errors > 0 ? 'rejected' : 'accepted');
  const replies = await reply(known, ports, { type, findings, verdict, settlement });
  return {
    result: verdicts[verdict].result,
    reasons: reasonsOf(verdict, findings),
    details: {
      type,
      ...settlement?.details,
      errors: findings.errors,
      warnings: findings.warnings,
      ...replies,
      ...(verdict === 'quarantined' ? { place: await quarantine(objects, arrival) } : {}),
    },
    next: verdict === 'accepted' ? onward(feed) : [],
    digests,
  };
};

const onward = (feed: Work['feed']): NonNullable<Outcome['next']> => [
  { stage: feed.scan === 'off' ? 'route' : 'scan' },
];

/** A checksum file tells about another one, and is not itself what the feed takes. */
async function passSideFile(work: Work, { store }: StagePorts): Promise<Outcome> {
  const { digests } = await readOnce(store.objects, work, undefined, ['sha256']);
  return { result: 'passed', details: { type: 'checksum' }, next: onward(work.feed), digests };
}

interface Findout {
  readonly type: ContentType;
  readonly findings: FoundSoFar;
  readonly verdict: Verdict;
  readonly settlement: Settlement | undefined;
}

/** Tells the sender; answers the paths of what was put, by what it is. */
async function reply(work: Work, { store }: StagePorts, found: Findout): Promise<Record<string, string>> {
  const { report } = work.feed.acknowledge;
  const { type, findings, verdict, settlement } = found;
  const paths: Record<string, string> = {};
  if (settlement?.acknowledgement) {
    const { ending, bytes } = settlement.acknowledgement;
    paths.acknowledgement = await putReply(store.objects, work, ending, bytes);
  }
  const isGood = verdicts[verdict].result === 'passed';
  if (report === 'always' || (report === 'on-error' && !isGood)) {
    const text = buildReport(work.arrival, type, findings, verdict);
    paths.report = await putReply(store.objects, work, 'report.txt', Buffer.from(text));
  }
  return paths;
}

const RESENT: Reason = { code: 'duplicate-resend', message: verdicts.resend.outcome };

/** Errors before warnings: what is cut off is the less important. */
function reasonsOf(verdict: Verdict, { kept }: FoundSoFar): Reason[] {
  const errorsFirst = kept.toSorted((one, other) => one.severity.localeCompare(other.severity));
  return [...(verdict === 'resend' ? [RESENT] : []), ...errorsFirst.map(reasonOf)].slice(0, MAX_REASONS);
}

const reasonOf = ({ code, message, expected, found, where }: Finding): Reason => ({
  code,
  message: [message, expected && `expected ${expected}`, found && `found ${found}`]
    .filter(Boolean)
    .join('; '),
  ...(where === undefined ? {} : { where }),
});
