import { expect, it } from 'vitest';
import { stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { createStageLog } from '../../workers/stage-log.ts';
import { anArrival } from '../support/an-arrival.ts';
import { quietLog } from '../support/quiet-log.ts';

it('warns of a file that is held the first, second, fourth, eighth time: a night does not fill the log', () => {
  const warned: unknown[] = [];
  const warn = (fields: object): void => {
    warned.push((fields as { attempt: number }).attempt);
  };
  const log = createStageLog({ ...quietLog, warn }, stageEvent('scan', anArrival()));
  for (let attempt = 1; attempt <= 17; attempt += 1) log.held(new Fault('scanner-down'), attempt, 1000);
  expect(warned).toEqual([1, 2, 4, 8, 16]);
});
