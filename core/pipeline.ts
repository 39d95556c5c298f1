import type { StageName } from './event.ts';
import type { Fault } from './fault.ts';

/**
 * The stages, as data: workers, every queue engine and the deployment read this table.
 *
 * `retryMs` are the waits before the second, third ... attempt; the last one repeats. After `attempts` the message is
 * a dead letter. Scanning has very many attempts: a scanner that is down holds files, it never loses or passes them.
 */
export interface StageRow {
  readonly queue: string;
  /** For one attempt. The visibility timeout is much shorter: the consumer extends it while it works. */
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retryMs: readonly number[];
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export const pipeline = {
  validate: {
    queue: 'validate',
    timeoutMs: 15 * MINUTE_MS,
    attempts: 12,
    retryMs: [SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS],
  },
  scan: {
    queue: 'scan',
    timeoutMs: 60 * MINUTE_MS,
    attempts: 10_000,
    retryMs: [SECOND_MS, 5 * SECOND_MS, 15 * SECOND_MS, MINUTE_MS],
  },
  route: {
    queue: 'route',
    timeoutMs: MINUTE_MS,
    attempts: 12,
    retryMs: [SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS],
  },
  deliver: {
    queue: 'deliver',
    timeoutMs: 60 * MINUTE_MS,
    attempts: 30,
    retryMs: [SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS],
  },
} as const satisfies Record<StageName, StageRow>;

export const stageNames = Object.keys(pipeline) as StageName[];

/** Whether a stage that threw `fault` at this attempt is tried no more: its message becomes a dead letter. */
export const isLastAttempt = (stage: StageRow, fault: Fault, attempt: number): boolean =>
  !fault.retry || attempt >= stage.attempts;

/** The wait before the next attempt, spread by a fifth either way so that retries do not come in step. */
export function retryDelayMs(stage: StageRow, attempt: number, random = Math.random()): number {
  const wait = stage.retryMs[Math.min(attempt, stage.retryMs.length) - 1] ?? SECOND_MS;
  return Math.round(wait * (0.8 + 0.4 * random));
}

/** How long ago the first attempt was at least, in milliseconds, where all that came before this one were held. */
export const leastHeldMs = (stage: StageRow, attempt: number): number =>
  Array.from({ length: attempt - 1 }, (_, before) => retryDelayMs(stage, before + 1, 0)).reduce(
    (sum, wait) => sum + wait,
    0,
  );

/**
 * How long a worker waits for an announced object to appear, in milliseconds. The announcement is sent before the
 * object is published, so a message may be early by the time that one publish takes; after a crash between the two
 * the object never comes, and its message is dropped when this is over.
 */
export const PUBLISH_GRACE_MS = 60 * SECOND_MS;
/**
 * A publish that took longer is announced again, in milliseconds. Who gives up on an object has waited as long by a
 * clock of its own: when the message was sent is told by another machine's, and one that is a minute behind would have
 * every message that comes early be dropped.
 */
export const PUBLISH_REPEAT_MS = PUBLISH_GRACE_MS / 2;
/** How soon a message that came before its object is tried again, in milliseconds. */
export const PUBLISH_RETRY_MS = 25;
