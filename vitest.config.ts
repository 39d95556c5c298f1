import { defineConfig } from 'vitest/config';
import { PATIENCE } from './test/support/patience.ts';

/**
 * One project a kind of test: what it needs, and how long it may take, differ. They run one kind after the other, the
 * small ones first; processes and real servers share the machine with as few others as possible. All have many times
 * the time that they need: a busy machine is slow for long.
 */
const kinds = [
  { name: 'unit', testTimeout: 20_000, fileParallelism: true },
  // Most of them wait for leases and deadlines to end.
  { name: 'contract', testTimeout: 180_000, fileParallelism: true, maxWorkers: 3 },
  { name: 'wire', testTimeout: 300_000, fileParallelism: false },
  { name: 'e2e', testTimeout: 900_000, fileParallelism: false },
];

export default defineConfig({
  test: {
    projects: kinds.map((kind, index) => ({
      test: {
        ...kind,
        include: [`test/${kind.name}/**/*.test.ts`],
        hookTimeout: 300_000,
        expect: { poll: PATIENCE },
        // From 1: vitest puts whatever has no order, which is 0, and one worker at the end.
        sequence: { groupOrder: index + 1 },
      },
    })),
  },
});
