import { setTimeout as sleep } from 'node:timers/promises';
import { decodeEvent, type LandfallEvent, type StageName, stageOf } from '../core/event.ts';
import { Fault } from '../core/fault.ts';
import { isLastAttempt, PUBLISH_RETRY_MS, pipeline, retryDelayMs } from '../core/pipeline.ts';
import type { Delivery } from '../core/ports/queue.ts';
import { type Message, runStage, type StagePorts, type Stages } from '../core/stage.ts';
import { showDuration } from '../core/units.ts';
import type { Outage } from './outage.ts';
import type { Slots } from './slots.ts';
import { createStageLog } from './stage-log.ts';

/** What one stage's messages share. */
export interface StageHost {
  readonly stage: StageName;
  readonly stages: Stages;
  readonly ports: StagePorts;
  readonly slots: Slots;
  readonly outage: Outage;
  readonly visibilityMs: number;
  /** Nothing new is begun. */
  readonly stop: AbortSignal;
  /** What runs now; aborted with `cancelled` when the time to stop is over. */
  readonly running: Set<AbortController>;
  /** Messages that wait here for their object, and for how many milliseconds each may. */
  early: number;
  readonly earlyWaitMs: number;
}

/**
 * Milliseconds; short, and extended at each third while a stage works: what a killed process had in hand is done by
 * another soon, however long the stage may take.
 */
export const VISIBILITY_MS = 30_000;
/**
 * Messages of a stage that wait in this process for their object to be published. They hold no slot, and the wait is
 * part of their attempt, so that being early uses up no retries. Beyond this many, they are retried like any other.
 */
const MAX_EARLY = 256;
/** The wait between two looks, as a part of the time waited so far. */
const EARLY_BACKOFF = 1 / 8;
/** Milliseconds that an aborted stage has to end. One that does not is left to itself; the ledger has the last word. */
const SETTLE_MS = 5_000;

/** Does one message: acknowledged, given back or buried when it resolves. Never rejects. */
export async function handleDelivery(delivery: Delivery, host: StageHost): Promise<void> {
  const { outage, visibilityMs } = host;
  const heartbeat = setInterval(
    () => delivery.extend(visibilityMs).then(outage.over, outage.began),
    visibilityMs / 3,
  );
  try {
    await settle(delivery, host);
  } catch (thrown) {
    // The queue is down. The message comes again after its visibility timeout, and the ledger knows what was done.
    outage.began(thrown);
  } finally {
    clearInterval(heartbeat);
  }
}

async function settle(delivery: Delivery, host: StageHost): Promise<void> {
  const { attempt, sentAt } = delivery;
  const row = pipeline[host.stage];
  let event: LandfallEvent;
  try {
    event = eventFor(host.stage, delivery.body);
  } catch (thrown) {
    const { message: reason } = Fault.from(thrown);
    host.ports.log.error(
      { stage: host.stage, message: delivery.id, reason },
      'buried: no event of this queue',
    );
    return delivery.bury(reason);
  }

  const log = createStageLog(host.ports.log, event);
  const began = Date.now();
  try {
    const done = await runWhenPublished({ event, sentAt, attempt }, host);
    if (done === 'dropped') log.dropped();
    else log.done(done, Date.parse(done.at) < began);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === 'cancelled') return delivery.release(0);
    if (isLastAttempt(row, fault, attempt)) {
      log.buried(fault, attempt);
      return delivery.bury(fault.message);
    }
    const delayMs = retryDelayMs(row, attempt);
    if (fault.code === 'not-yet') log.early(fault);
    else log.held(fault, attempt, delayMs);
    return delivery.release(delayMs);
  }
  return delivery.ack();
}

/** Throws `bad-argument` for what is no event, or another stage's. */
function eventFor(stage: StageName, body: string): LandfallEvent {
  const event = decodeEvent(body);
  if (stageOf(event) === stage) return event;
  throw new Fault('bad-argument', `the message is for ${stageOf(event)}, and this is ${stage}'s queue`);
}

async function runWhenPublished(message: Omit<Message, 'heldMs'>, host: StageHost) {
  const started = performance.now();
  for (;;) {
    try {
      return await runInSlot({ ...message, heldMs: performance.now() - started }, host);
    } catch (thrown) {
      const isEarly = thrown instanceof Fault && thrown.code === 'not-yet';
      const isOver = performance.now() - started >= host.earlyWaitMs;
      if (!isEarly || isOver || host.early >= MAX_EARLY) throw thrown;
    }
    host.early += 1;
    const waitMs = Math.max(PUBLISH_RETRY_MS, (performance.now() - started) * EARLY_BACKOFF);
    await sleep(waitMs, undefined, { signal: host.stop }).catch(() => undefined);
    host.early -= 1;
  }
}

/** Throws what `runStage` does, `timed-out`, and `cancelled` when the host stops. */
async function runInSlot(message: Message, { stage, stages, ports, slots, stop, running }: StageHost) {
  await slots.take();
  const { timeoutMs } = pipeline[stage];
  const controller = new AbortController();
  const abandoned = Promise.withResolvers<never>();
  let settling: NodeJS.Timeout | undefined;
  controller.signal.addEventListener('abort', () => {
    settling = setTimeout(abandoned.reject, SETTLE_MS, controller.signal.reason);
  });
  const timer = setTimeout(
    () => controller.abort(new Fault('timed-out', `more than ${showDuration(timeoutMs)}`)),
    timeoutMs,
  );
  running.add(controller);
  try {
    if (stop.aborted) throw new Fault('cancelled');
    return await Promise.race([runStage(stages, message, ports, controller.signal), abandoned.promise]);
  } finally {
    running.delete(controller);
    clearTimeout(timer);
    clearTimeout(settling);
    slots.give();
  }
}
