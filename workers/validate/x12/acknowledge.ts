import type { SettleContext } from '../content-check.ts';
import { type Answer, buildAnswer } from './answer.ts';
import { claimControlNumbers } from './control-numbers.ts';
import { type Interchange, isAcknowledgement } from './interchange.ts';

/**
 * The answer to a file, in X12: for each interchange one in return, with a TA1 where it is asked for (ISA14) or the
 * interchange itself is at fault, and otherwise a 997 for each group. Empty when there is nothing to say: the feed
 * wants none, the separators could not be told, or the file is itself an acknowledgement.
 */
export async function acknowledge(
  interchanges: readonly Interchange[],
  accepted: boolean,
  context: Pick<SettleContext, 'arrival' | 'partner' | 'feed' | 'ledger'>,
): Promise<string> {
  const { arrival, partner, feed, ledger } = context;
  const policy = feed.acknowledge.x12;
  if (policy === 'never' || (policy === 'on-error' && accepted)) return '';

  const at = new Date(arrival.receivedAt);
  let text = '';
  for (const [index, interchange] of interchanges.entries()) {
    const answer = answerTo(interchange, accepted);
    if (!answer) continue;
    const name = `${arrival.id}|${arrival.run}|${index}`;
    const count = Math.max(1, answer.groups.length);
    const numbers = await claimControlNumbers(ledger, partner.name, name, count, at);
    text += buildAnswer(answer, numbers, at);
  }
  return text;
}

function answerTo(interchange: Interchange, accepted: boolean): Answer | undefined {
  const { groups, acknowledgements, ta1, isa } = interchange;
  const isOnlyAcknowledgements = groups.every(isAcknowledgement) && groups.length + acknowledgements > 0;
  if (isOnlyAcknowledgements) return undefined;
  // A rejected interchange is not read further: no 997 follows its TA1.
  const answered = ta1 === undefined ? groups.filter((group) => !isAcknowledgement(group)) : [];
  const technical = ta1 !== undefined || isa[14] === '1' ? (ta1 ?? '000') : undefined;
  if (technical === undefined && answered.length === 0) return undefined;
  return { interchange, accepted, technical, groups: answered };
}
