import { askedLately, type Patience } from '../../core/asked-lately.ts';
import type { BlockPool } from '../../core/buffers.ts';
import { pipeline, stageNames } from '../../core/pipeline.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Queue } from '../../core/ports/queue.ts';
import type { PartState, Readiness } from './readiness.ts';

/** Depths are a request for each queue: they need not be newer, and no scrape waits longer. */
const DEPTH_PATIENCE: Patience = { keptMs: 5_000, waitMs: 2_000 };

export function watchQueues(queue: Queue, metrics: Metrics): void {
  const depths = stageNames.map((stage) => {
    const name = pipeline[stage].queue;
    const depth = askedLately(() => queue.depth(name), DEPTH_PATIENCE);
    return async () => {
      const { waiting, inFlight, dead } = await depth();
      const byState = { waiting, in_flight: inFlight, dead };
      return Object.entries(byState).map(([state, value]) => ({ labels: { queue: name, state }, value }));
    };
  });
  metrics.watch('landfall_queue_messages', async () =>
    (await Promise.all(depths.map((read) => read()))).flat(),
  );
}

export function watchPool(pool: BlockPool, metrics: Metrics): void {
  metrics.watch('landfall_buffer_block_bytes', () => [{ labels: {}, value: pool.blockBytes }]);
  metrics.watch('landfall_buffer_blocks_used', () => [{ labels: {}, value: pool.used }]);
  metrics.watch('landfall_buffer_blocks_peak', () => [{ labels: {}, value: pool.peak }]);
}

const states: readonly PartState[] = ['up', 'degraded', 'down'];

export function watchParts(readiness: Readiness, metrics: Metrics): void {
  metrics.watch('landfall_part_state', async () => {
    const parts = Object.entries((await readiness.look()).parts);
    return parts.flatMap(([part, now]) =>
      states.map((state) => ({ labels: { part, state }, value: now.state === state ? 1 : 0 })),
    );
  });
}
