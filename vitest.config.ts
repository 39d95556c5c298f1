import { defineConfig } from 'vitest/config';

/**
 * One project a kind of test: what it needs, and how long it may take, differ. They run one kind after the other, the
 * small ones first; processes and real servers share the machine with as few others as possible.
 */
const kinds = [
  { name: 'unit', testTimeout: 20_000, fileParallelism: true },
  { name: 'contract', testTimeout: 60_000, fileParallelism: true },
  { name: 'wire', testTimeout: 120_000, fileParallelism: false },
  { name: 'e2e', testTimeout: 600_000, fileParallelism: false },
];

export default defineConfig({
  test: {
    projects: kinds.map((kind, index) => ({
      test: {
        ...kind,
        include: [`test/${kind.name}/**/*.test.ts`],
        hookTimeout: 120_000,
        // From 1: vitest puts whatever has no order, which is 0, and one worker at the end.
        sequence: { groupOrder: index + 1 },
      },
    })),
  },
});
