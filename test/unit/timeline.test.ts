import { expect, test } from 'vitest';
import type { StageRecord } from '../../core/ledger.ts';
import { progressOf } from '../../core/timeline.ts';
import { anArrival } from '../support/an-arrival.ts';

const arrival = anArrival();
const record = (
  stage: StageRecord['stage'],
  result: StageRecord['result'],
  more: Partial<StageRecord> = {},
): StageRecord => ({
  arrival: arrival.id,
  run: 1,
  stage,
  result,
  reasons: [],
  at: '2026-11-25T10:00:00.000Z',
  tookMs: 1,
  details: {},
  next: result === 'passed' ? [{ stage: 'scan' }] : [],
  ...more,
});
const routed = record('route', 'routed', {
  next: [
    { stage: 'deliver', target: 'a' },
    { stage: 'deliver', target: 'b' },
  ],
});
const to = (target: string, result: StageRecord['result']) => record('deliver', result, { target });

test.each<[string, StageRecord[], string, number]>([
  ['nothing yet', [], 'received', 0],
  ['validated', [record('validate', 'passed')], 'received', 0],
  ['rejected', [record('validate', 'rejected')], 'rejected', 0],
  ['held by the scanner', [record('validate', 'passed'), record('scan', 'held')], 'held', 0],
  ['held, then passed', [record('scan', 'held'), record('scan', 'passed')], 'received', 0],
  ['quarantined', [record('scan', 'quarantined')], 'quarantined', 0],
  ['given up', [record('validate', 'held'), record('validate', 'failed')], 'failed', 0],
  ['given up, then redriven', [record('validate', 'failed'), record('validate', 'passed')], 'received', 0],
  ['sent again, as it was before', [record('validate', 'passed', { next: [] })], 'duplicate', 0],
  ['routed nowhere', [record('route', 'routed')], 'kept', 0],
  ['half delivered', [routed, to('a', 'delivered')], 'delivering', 1],
  ['one target given up', [routed, to('a', 'delivered'), to('b', 'failed')], 'failed', 1],
  ['one target waits', [routed, to('a', 'delivered'), to('b', 'held')], 'held', 1],
  ['all delivered', [routed, to('b', 'held'), to('a', 'delivered'), to('b', 'delivered')], 'delivered', 2],
  ['run again', [record('validate', 'rejected'), record('validate', 'passed', { run: 2 })], 'received', 0],
])('%s', (_what, records, state, delivered) => {
  expect(progressOf({ arrival, announced: true, records })).toMatchObject({ state, delivered });
});

test('under a temporary name it is only stored', () => {
  expect(progressOf({ arrival, announced: false, records: [] }).state).toBe('stored');
});
