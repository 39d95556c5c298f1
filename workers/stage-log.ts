import { type LandfallEvent, type StageName, stageOf } from '../core/event.ts';
import type { Fault } from '../core/fault.ts';
import type { StageRecord } from '../core/ledger.ts';
import type { Log } from '../core/ports/log.ts';
import { reasonCount } from '../core/timeline.ts';

/** One line for each stage that was done, held or given up. */
export interface StageLog {
  /** `repeated`: it had been done before, and its message came again. */
  done(record: StageRecord, repeated: boolean): void;
  dropped(): void;
  early(fault: Fault): void;
  held(fault: Fault, attempt: number, retryInMs: number): void;
  buried(fault: Fault, attempt: number): void;
}

/** In one line of the log; the timeline and the sender's report have them all. */
const MAX_REASONS = 5;

const passed: Record<StageName, string> = {
  validate: 'validated',
  scan: 'scanned',
  route: 'routed',
  deliver: 'delivered',
};

/** The first, second, fourth, eighth ... time: a scanner that is down for a night does not fill the log. */
const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

export function createStageLog(log: Log, event: LandfallEvent): StageLog {
  const { arrival, target } = event.data;
  const { id, partner, feed, path } = arrival;
  const stage = stageOf(event);
  const about = { arrival: id, partner, feed, path, stage, target };
  const failure = (result: StageRecord['result'], { code, message, cause }: Fault) => ({
    ...about,
    result,
    reasons: [{ code, message }],
    cause,
  });
  return {
    done(record, repeated) {
      const { result, tookMs, reasons, details } = record;
      if (repeated) return log.debug({ ...about, result }, 'was done before');
      const more = reasonCount(record) - MAX_REASONS;
      const moreReasons = more > 0 ? more : undefined;
      const told = { reasons: reasons.slice(0, MAX_REASONS), moreReasons };
      const fields = { ...about, result, tookMs, ...told, place: details.place };
      log.info(fields, result === 'passed' ? passed[stage] : result);
    },
    dropped: () => log.info({ ...about, result: 'dropped' }, 'dropped: never published as it was announced'),
    early: (fault) => log.debug(failure('held', fault), 'not published yet'),
    held(fault, attempt, retryInMs) {
      const fields = { ...failure('held', fault), attempt, retryInMs };
      log[isPowerOfTwo(attempt) ? 'warn' : 'debug'](fields, 'held, to be tried again');
    },
    buried: (fault, attempt) =>
      log.error({ ...failure('failed', fault), attempt }, 'given up: its message is a dead letter'),
  };
}
