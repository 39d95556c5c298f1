import { setTimeout as sleep } from 'node:timers/promises';
import type { StageName } from '../core/event.ts';
import { Fault } from '../core/fault.ts';
import { pipeline, stageNames } from '../core/pipeline.ts';
import type { StagePorts, Stages } from '../core/stage.ts';
import { handleDelivery, type StageHost, VISIBILITY_MS } from './handle-delivery.ts';
import { createOutage, type Outage } from './outage.ts';
import { createSlots } from './slots.ts';

export interface ConsumerOptions {
  readonly stages: Stages;
  readonly ports: StagePorts;
  /** Messages of each stage at once; 0 for none, ever. */
  readonly concurrency: number;
  /** Stops the consumer: nothing new is begun. */
  readonly signal: AbortSignal;
  /** Milliseconds that running stages have then, before they are aborted and their messages given back. */
  readonly stopTimeoutMs: number;
  /** Milliseconds after which the messages of a consumer that died are somebody else's. */
  readonly visibilityMs?: number;
}

export interface Consumer {
  /** Resolves when it has stopped; never rejects. */
  readonly done: Promise<void>;
}

/** Milliseconds of one long poll. */
const RECEIVE_WAIT_MS = 20_000;
/** Milliseconds before a receive that failed is tried again; doubles up to the last. */
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 10_000;

/** Hosts the stages: takes messages from each stage's queue and runs them, until `signal` aborts. */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { signal, stopTimeoutMs } = options;
  // Nothing to wait for: a deadline would only keep the process.
  if (options.concurrency === 0) return { done: Promise.resolve() };
  const outage = createOutage(options.ports.log);
  const running = new Set<AbortController>();
  let deadline: NodeJS.Timeout | undefined;

  const stop = (): void => {
    deadline = setTimeout(() => {
      for (const controller of running) controller.abort(new Fault('cancelled', 'the worker stops'));
    }, stopTimeoutMs);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });

  const loops = stageNames.map((stage) => consumeStage(stage, options, outage, running));
  return { done: Promise.all(loops).then(() => clearTimeout(deadline)) };
}

async function consumeStage(
  stage: StageName,
  { stages, ports, concurrency, signal: stop, visibilityMs = VISIBILITY_MS }: ConsumerOptions,
  outage: Outage,
  running: Set<AbortController>,
): Promise<void> {
  const slots = createSlots(concurrency);
  // An early message waits until its object is there, or is known not to come.
  const waits = { visibilityMs, earlyWaitMs: Number.POSITIVE_INFINITY, early: 0 };
  const host: StageHost = { stage, stages, ports, slots, outage, stop, running, ...waits };
  const handled = new Set<Promise<void>>();
  let backoffMs = FIRST_BACKOFF_MS;

  while (!stop.aborted) {
    await slots.whenFree();
    const wanted = { max: slots.free, waitMs: RECEIVE_WAIT_MS, visibilityMs };
    try {
      for (const delivery of await ports.queue.receive(pipeline[stage].queue, wanted, stop)) {
        const handling = handleDelivery(delivery, host).finally(() => handled.delete(handling));
        handled.add(handling);
      }
      outage.over();
      backoffMs = FIRST_BACKOFF_MS;
    } catch (thrown) {
      outage.began(thrown);
      await sleep(backoffMs, undefined, { signal: stop }).catch(() => undefined);
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
    }
  }
  await Promise.all(handled);
}
