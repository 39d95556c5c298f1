import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../core/fault.ts';
import {
  isLastAttempt,
  PUBLISH_GRACE_MS,
  pipeline,
  retryDelayMs,
  type StageRow,
  stageNames,
} from '../../core/pipeline.ts';

const rows: [string, StageRow][] = Object.entries(pipeline);

describe('the pipeline table', () => {
  test('every stage has a queue of its own', () => {
    expect(new Set(rows.map(([, { queue }]) => queue)).size).toBe(stageNames.length);
  });

  test.each(rows)('%s: waits never get shorter, and there is at least one', (_stage, { retryMs }) => {
    expect(retryMs.length).toBeGreaterThan(0);
    expect([...retryMs].sort((a, b) => a - b)).toEqual([...retryMs]);
  });

  test('retries outlast the grace of an early message', () => {
    const { attempts, retryMs } = pipeline.validate;
    const waits = Array.from({ length: attempts - 1 }, (_, i) => retryMs[Math.min(i, retryMs.length - 1)]!);
    expect(waits.reduce((sum, wait) => sum + 0.8 * wait, 0)).toBeGreaterThan(PUBLISH_GRACE_MS);
  });
});

describe('the wait before the next attempt', () => {
  const row = { queue: 'q', timeoutMs: 1, attempts: 9, retryMs: [1_000, 5_000, 30_000] };

  test('goes through the row, and stays at its last', () => {
    const waits = [1, 2, 3, 4, 1_000].map((attempt) => retryDelayMs(row, attempt, 0.5));
    expect(waits).toEqual([1_000, 5_000, 30_000, 30_000, 30_000]);
  });

  test('is within a fifth of it, in whole milliseconds', () => {
    fc.assert(
      fc.property(fc.nat({ max: 20_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (extra, random) => {
        const wait = retryDelayMs(row, 3 + extra, random);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(24_000);
        expect(wait).toBeLessThanOrEqual(36_000);
      }),
    );
  });
});

test('the last attempt is the row’s last, or the first of a fault that stays', () => {
  const { attempts } = pipeline.validate;
  expect(isLastAttempt(pipeline.validate, new Fault('store-down'), attempts - 1)).toBe(false);
  expect(isLastAttempt(pipeline.validate, new Fault('store-down'), attempts)).toBe(true);
  expect(isLastAttempt(pipeline.validate, new Fault('not-found'), 1)).toBe(true);
});
