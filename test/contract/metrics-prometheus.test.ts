import { expect, it } from 'vitest';
import { createPrometheusMetrics } from '../../adapters/metrics/prometheus.ts';
import { counters, durations, gauges } from '../../core/ports/metrics.ts';

const valuesOf = (text: string, metric: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`));

it('counts, times and reads, in the text form', async () => {
  const metrics = createPrometheusMetrics();
  metrics.add('landfall_transfer_bytes_total', { direction: 'upload' }, 100);
  metrics.add('landfall_transfer_bytes_total', { direction: 'upload' }, 23);
  metrics.add('landfall_sessions_opened_total', {});
  metrics.took('landfall_stage_duration_seconds', { stage: 'scan' }, 0.3);
  metrics.watch('landfall_sessions', () => [{ labels: {}, value: 7 }]);
  const text = await metrics.text();
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(valuesOf(text, 'landfall_transfer_bytes_total')).toEqual([
    'landfall_transfer_bytes_total{direction="upload"} 123',
  ]);
  expect(valuesOf(text, 'landfall_sessions_opened_total')).toEqual(['landfall_sessions_opened_total 1']);
  expect(valuesOf(text, 'landfall_sessions')).toEqual(['landfall_sessions 7']);
  expect(text).toContain('landfall_stage_duration_seconds_bucket{le="0.5",stage="scan"} 1');
  expect(text).toContain('landfall_stage_duration_seconds_sum{stage="scan"} 0.3');
  for (const of of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
    expect(valuesOf(text, of)).toHaveLength(1);
  }
});

it('forgets readings that are gone, leaves out what cannot be read, and gives the rest', async () => {
  const metrics = createPrometheusMetrics();
  let readings = [{ labels: { queue: 'scan', state: 'dead' }, value: 1 }];
  let fails = false;
  metrics.watch('landfall_queue_messages', async () => {
    if (fails) throw new Error('nobody knows');
    return readings;
  });
  metrics.watch('landfall_sessions', () => {
    throw new Error('nobody knows');
  });
  expect(valuesOf(await metrics.text(), 'landfall_queue_messages')).toHaveLength(1);
  readings = [];
  expect(valuesOf(await metrics.text(), 'landfall_queue_messages')).toEqual([]);
  fails = true;
  const text = await metrics.text();
  expect(valuesOf(text, 'landfall_queue_messages')).toEqual([]);
  expect(valuesOf(text, 'landfall_sessions')).toEqual([]);
  expect(text).toContain('process_cpu_seconds_total');
});

it('escapes what labels hold', async () => {
  const metrics = createPrometheusMetrics();
  metrics.add('landfall_logins_total', { outcome: 'a"b\\c\nd' });
  expect(valuesOf(await metrics.text(), 'landfall_logins_total')).toEqual([
    'landfall_logins_total{outcome="a\\"b\\\\c\\nd"} 1',
  ]);
});

it("names follow Prometheus's conventions", () => {
  const UNITS = /_(bytes|seconds)(_total)?$/;
  for (const name of Object.keys(counters)) expect(name).toMatch(/^landfall_[a-z_]+_total$/);
  for (const name of Object.keys(durations)) expect(name).toMatch(/_seconds$/);
  for (const name of Object.keys(gauges)) expect(name).not.toMatch(/_total$/);
  for (const [name, { help }] of Object.entries({ ...counters, ...gauges, ...durations })) {
    if (/byte|time|duration/i.test(name)) expect(name).toMatch(UNITS);
    expect(help).toMatch(/\.$/);
  }
});
