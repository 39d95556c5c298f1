import { pipeline } from '../../core/pipeline.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import type { Queue } from '../../core/ports/queue.ts';
import type { Store } from '../../core/ports/store.ts';
import type { Checks } from './readiness.ts';

/** What a listener cannot do without. The least that tells whether each is there: nothing is written. */
export const checksOf = ({ store, queue, fleet }: { store: Store; queue: Queue; fleet: Fleet }): Checks => ({
  async store() {
    await store.folders.head('files');
    return 'up';
  },
  async queue() {
    await queue.depth(pipeline.validate.queue);
    return 'up';
  },
  async fleet() {
    await fleet.listeners.living();
    // Alone, the listener takes clients as well as ever, by what it knows itself.
    return fleet.aloneSince() ? 'degraded' : 'up';
  },
});
