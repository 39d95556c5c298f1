import type { Config } from '../core/config.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { StagePorts } from '../core/stage.ts';
import { type Consumer, startConsumer } from './consumer.ts';
import { meteredStages } from './metered-stages.ts';
import { stages } from './stages.ts';

/** All stages in this process, as its settings say, until `signal` aborts. */
export const startStages = (
  config: Config,
  ports: StagePorts,
  metrics: Metrics,
  signal: AbortSignal,
): Consumer =>
  startConsumer({
    stages: meteredStages(stages, metrics),
    ports,
    concurrency: config.LANDFALL_WORKERS,
    signal,
    stopTimeoutMs: config.LANDFALL_STOP_TIMEOUT,
  });
