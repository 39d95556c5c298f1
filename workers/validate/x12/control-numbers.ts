import { z } from 'zod';
import { Fault } from '../../../core/fault.ts';
import type { Ledger } from '../../../core/ledger.ts';

/**
 * Control numbers for what we send: unique for each partner, and growing with time. A number is the seconds since
 * 2020 of the file that it answers (nine digits last until 2051), or the first one after that nobody has claimed.
 */
const EPOCH_MS = Date.UTC(2020, 0, 1);
const MAX_NUMBER = 999_999_999;
/** Numbers that are tried for one: so many answers may be ahead of the clock. */
const MAX_TRIES = 100_000;

const NUMBER_CLAIM = 'x12-control-number';
const ANSWER_CLAIM = 'x12-acknowledgement';
const numbersSchema = z.array(z.number().int());

/** The last number that this process claimed for each partner: where to look first, no more than a hint. */
const latest = new Map<string, number>();

/**
 * `count` numbers for one answer, named by `answer`. The same answer gets the same numbers whenever it is made again;
 * a crash in between leaves numbers unused, which does no harm.
 */
export async function claimControlNumbers(
  ledger: Ledger,
  partner: string,
  answer: string,
  count: number,
  at: Date,
): Promise<number[]> {
  const before = await ledger.claimed(ANSWER_CLAIM, answer);
  if (before !== undefined) return numbersSchema.parse(before);
  const numbers: number[] = [];
  for (let index = 0; index < count; index += 1) numbers.push(await claimNext(ledger, partner, answer, at));
  const first = await ledger.claim(ANSWER_CLAIM, answer, numbers);
  return first === undefined ? numbers : numbersSchema.parse(first);
}

async function claimNext(ledger: Ledger, partner: string, answer: string, at: Date): Promise<number> {
  const clock = Math.floor((at.getTime() - EPOCH_MS) / 1000);
  const start = Math.max(clock, (latest.get(partner) ?? 0) + 1);
  for (let tried = 0; tried < MAX_TRIES; tried += 1) {
    const number = ((start + tried - 1) % MAX_NUMBER) + 1;
    if ((await ledger.claim(NUMBER_CLAIM, `${partner}|${number}`, answer)) !== undefined) continue;
    latest.set(partner, number);
    return number;
  }
  throw new Fault('limit-reached', 'no control number is free');
}
