import { Fault } from '../core/fault.ts';
import { pipeline, stageNames } from '../core/pipeline.ts';
import type { Delivery } from '../core/ports/queue.ts';
import type { StagePorts, Stages } from '../core/stage.ts';
import { handleDelivery, type StageHost, VISIBILITY_MS } from './handle-delivery.ts';
import type { Outage } from './outage.ts';
import { createSlots } from './slots.ts';

export interface BatchHost {
  readonly stages: Stages;
  readonly ports: StagePorts;
  /** Messages at once. */
  readonly concurrency: number;
  readonly outage: Outage;
}

export interface BatchDelivery extends Delivery {
  readonly queue: string;
}

/** Milliseconds at the end of the host's time in which nothing runs: stages that were aborted settle, and it answers. */
const ANSWER_MS = 10_000;
/** Milliseconds that a message waits for its object while the rest of its batch is kept waiting, too. */
const EARLY_WAIT_MS = 2_000;

/**
 * Does messages that somebody else received, within `timeMs`: each acknowledged, given back or buried when it
 * resolves, or in the hands of a queue that is down. Never rejects.
 */
export async function handleBatch(
  deliveries: readonly BatchDelivery[],
  timeMs: number,
  { concurrency, ...host }: BatchHost,
): Promise<void> {
  const stop = new AbortController();
  const running = new Set<AbortController>();
  const slots = createSlots(concurrency);
  const timer = setTimeout(
    () => {
      stop.abort();
      // Not `cancelled`: a file that takes longer than the host has would come again and again, and nobody know why.
      for (const controller of running)
        controller.abort(new Fault('timed-out', 'more than its function has left'));
    },
    Math.max(timeMs - ANSWER_MS, timeMs / 2),
  );
  const hosts = stageNames.map((stage): StageHost => {
    const waits = { visibilityMs: VISIBILITY_MS, earlyWaitMs: EARLY_WAIT_MS, early: 0 };
    return { stage, ...host, ...waits, slots, stop: stop.signal, running };
  });
  const hostOf = (queue: string) => hosts.find(({ stage }) => pipeline[stage].queue === queue)!;
  await Promise.all(deliveries.map((delivery) => handleDelivery(delivery, hostOf(delivery.queue))));
  clearTimeout(timer);
}
