import { isArrivalId } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import type { Ledger, Timeline } from '../../core/ledger.ts';

/** Days back from today in which a part of an id is looked for. */
const RECENT_DAYS = 14;
const DAY_MS = 86_400_000;

export const dayBefore = (days: number, from = Date.now()): string =>
  new Date(from - days * DAY_MS).toISOString().slice(0, 10);

/** The arrival of the id, or of recent days the one whose id begins or ends so. Throws `not-found`, `bad-argument`. */
export async function findArrival(ledger: Ledger, text: string): Promise<Timeline> {
  const id = isArrivalId(text) ? text : await findId(ledger, text.toLowerCase());
  const timeline = await ledger.timeline(id);
  if (!timeline) throw new Fault('not-found', `there is no arrival ${text}`);
  return timeline;
}

async function findId(ledger: Ledger, part: string): Promise<string> {
  if (!/^[0-9a-f-]+$/.test(part))
    throw new Fault('bad-argument', 'an arrival id has the digits 0-9 a-f and -');
  const found: string[] = [];
  for (let days = -1; days < RECENT_DAYS; days += 1) {
    const ids = await ledger.arrivalsOf(dayBefore(days));
    found.push(...ids.filter((id) => id.startsWith(part) || id.endsWith(part)));
  }
  if (found.length === 1) return found[0]!;
  throw found.length === 0
    ? new Fault('not-found', `no arrival of the last ${RECENT_DAYS} days has an id like ${part}`)
    : new Fault('bad-argument', `${found.length} arrivals have an id like ${part}: give more of it`);
}
