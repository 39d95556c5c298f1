import { expect, it } from 'vitest';
import { createPatience } from '../../adapters/store/s3/patience.ts';

const DEADLINE_MS = 60_000;
const LEAST_MS = 5_000;

const startAt = (start: number) => {
  const clock = { now: start };
  return { clock, patience: createPatience(DEADLINE_MS, () => clock.now) };
};

it('gives a request the whole deadline, and those of a short outage what is left of it', () => {
  const { clock, patience } = startAt(1_000);
  expect(patience.until(1_000)).toBe(1_000 + DEADLINE_MS);
  clock.now = 3_000;
  patience.failed(2_000);
  expect(patience.until(10_000)).toBe(2_000 + DEADLINE_MS);
});

it('gives those of a long outage little', () => {
  const { clock, patience } = startAt(0);
  patience.failed(0);
  for (clock.now = 0; clock.now < 300_000; clock.now += 10_000) patience.failed(clock.now);
  expect(patience.until(clock.now)).toBe(clock.now + LEAST_MS);
});

it('is as before after one answer, or when nobody has asked for as long as the deadline', () => {
  const { clock, patience } = startAt(0);
  patience.failed(0);
  clock.now = 59_000;
  patience.failed(58_000);
  expect(patience.until(70_000)).toBe(70_000 + LEAST_MS);
  expect(patience.until(120_000)).toBe(120_000 + DEADLINE_MS);
  patience.answered();
  expect(patience.until(70_000)).toBe(70_000 + DEADLINE_MS);
});

it('gives a request that alone fails, while others are answered, no more than its deadline', () => {
  const { clock, patience } = startAt(0);
  for (clock.now = 0; clock.now < 59_000; clock.now += 3_000) {
    patience.failed(clock.now);
    expect(patience.until(0)).toBe(DEADLINE_MS);
    patience.answered();
  }
});
