import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports/log.ts';
import type { Uploads } from '../core/ports/store.ts';

/** Between two sweeps. Ages are hours and days, so more often would find nothing. */
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;

export interface Ages {
  /** Milliseconds that an interrupted upload is kept for its sender to go on with. */
  readonly uploadsMs: number;
  /** Milliseconds that replaced and removed files are kept for the pipeline. */
  readonly replacedMs: number;
}

export const sweepLimits = (ages: Ages, now = Date.now()) => ({
  uploads: new Date(now - ages.uploadsMs),
  unnamed: new Date(now - ages.replacedMs),
});

/** Sweeps the store now and then, until the signal aborts. */
export function startHousekeeping(uploads: Uploads, ages: Ages, log: Log, signal: AbortSignal): void {
  const sweep = async (): Promise<void> => {
    try {
      const swept = await uploads.sweep(sweepLimits(ages));
      if (swept.uploads + swept.unnamed > 0) log.info(swept, 'swept the store');
    } catch (thrown) {
      log.warn({ err: Fault.from(thrown) }, 'could not sweep the store');
    }
  };
  const timer = setInterval(sweep, SWEEP_INTERVAL_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  void sweep();
}
