import { defineConfig } from 'vitest/config';

/** One project a kind of test: what it needs, and how long it may take, differ. */
const project = (name: string, testTimeoutMs: number, oneByOne = false) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: testTimeoutMs,
    hookTimeout: 60_000,
    fileParallelism: !oneByOne,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000),
      project('contract', 30_000),
      project('wire', 60_000),
      project('e2e', 600_000, true),
    ],
  },
});
