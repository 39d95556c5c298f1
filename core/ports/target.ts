import type { Buffer } from 'node:buffer';
import type { Arrival } from '../arrival.ts';

/**
 * Where a file goes. `deliver` may be called again for the same arrival after a crash: the second call finds what the
 * first one did and does not do it twice, as far as the target's nature allows. Throws `target-down` (try again) and
 * `target-refused` (do not).
 */
export interface Target {
  deliver(delivery: TargetDelivery, signal: AbortSignal): Promise<Receipt>;
}

export interface TargetDelivery {
  readonly arrival: Arrival;
  /** The bytes from the start; may be called more than once. */
  readonly bytes: () => AsyncIterable<Buffer>;
  /** The same for every attempt to deliver this arrival to this target in this run. */
  readonly deliveryId: string;
}

/** Where it is now, for the timeline: a path, a key, a URL with its status. */
export interface Receipt {
  readonly place: string;
}
