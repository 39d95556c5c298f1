import { onTestFailed } from 'vitest';
import type { Fleet } from './fleet.ts';

/** Lines of each listener that are shown. */
const SHOWN = 15;

/** Has a test that fails show the last things that listeners did not like. */
export function showWarningsOfFailure(fleet: Fleet): void {
  onTestFailed(() => {
    for (const [index, { lines }] of fleet.listeners.entries()) {
      const warnings = lines.filter(({ level }) => level !== 'info').slice(-SHOWN);
      console.log([`listener ${index}:`, ...warnings.map((line) => JSON.stringify(line))].join('\n  '));
    }
  });
}
