import { expect, test } from 'vitest';
import { stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import type { StageRecord } from '../../core/ledger.ts';
import { createStageLog } from '../../workers/stage-log.ts';
import { anArrival } from '../support/an-arrival.ts';
import { quietLog } from '../support/quiet-log.ts';

function logged(count: number, details = {}): object {
  const lines: object[] = [];
  const arrival = anArrival();
  const reasons = Array.from({ length: count }, (_, index) => ({
    code: 'x12.se-count',
    message: `${index}`,
  }));
  const record: StageRecord = {
    ...{ arrival: arrival.id, run: 1, stage: 'validate', result: 'rejected', tookMs: 3, reasons },
    ...{ at: arrival.receivedAt, details, next: [] },
  };
  const log = { ...quietLog, info: (fields: object) => lines.push(fields) };
  createStageLog(log, stageEvent('validate', arrival)).done(record, false);
  return lines[0]!;
}

test('a file that is wrong all over does not fill the log', () => {
  const line = logged(100);
  expect(line).toMatchObject({ moreReasons: 95, reasons: [{ message: '0' }, {}, {}, {}, { message: '4' }] });
  expect(logged(100, { errors: 10_000, warnings: 3 })).toMatchObject({ moreReasons: 9_998 });
  expect(logged(5)).toMatchObject({ reasons: { length: 5 } });
  expect(logged(5)).not.toHaveProperty('moreReasons', expect.anything());
});

test('a file that is held through a night does not fill the log: told the first, second, fourth, eighth time', () => {
  const warned: unknown[] = [];
  const warn = (fields: object): void => {
    warned.push((fields as { attempt: number }).attempt);
  };
  const log = createStageLog({ ...quietLog, warn }, stageEvent('scan', anArrival()));
  for (let attempt = 1; attempt <= 17; attempt += 1) log.held(new Fault('scanner-down'), attempt, 1000);
  expect(warned).toEqual([1, 2, 4, 8, 16]);
});
