import type { Metrics } from '../../core/ports/metrics.ts';

export const noMetrics: Metrics = { add: () => undefined, took: () => undefined, watch: () => undefined };
