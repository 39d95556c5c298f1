import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type Counter as CounterName,
  counters,
  type Duration,
  durations,
  type Gauge as GaugeName,
  gauges,
  type Metrics,
} from '../../core/ports/metrics.ts';

/** Seconds: from a small file's check to a large one's delivery. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300, 1800];

export interface PrometheusMetrics extends Metrics {
  /** All of them in Prometheus's text form, those of the process (memory, CPU, event loop) included. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const counting = new Map<CounterName, Counter>();
  for (const [name, { help, labels }] of Object.entries(counters)) {
    counting.set(name as CounterName, new Counter({ name, help, labelNames: [...labels], registers }));
  }
  const timing = new Map<Duration, Histogram>();
  for (const [name, { help, labels }] of Object.entries(durations)) {
    const options = { name, help, labelNames: [...labels], buckets: BUCKETS, registers };
    timing.set(name as Duration, new Histogram(options));
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    add: (counter, labels, by = 1) => counting.get(counter)!.inc(labels, by),
    took: (duration, labels, seconds) => timing.get(duration)!.observe(labels, seconds),
    watch(gauge: GaugeName, read) {
      const { help, labels } = gauges[gauge];
      new Gauge({
        name: gauge,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          this.reset();
          try {
            for (const reading of await read()) this.set(reading.labels, reading.value);
          } catch {
            // A gauge without labels would be 0 else, which is a lie.
            if (labels.length === 0) this.remove();
          }
        },
      });
    },
  };
}
