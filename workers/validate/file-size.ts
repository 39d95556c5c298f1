import type { Feed } from '../../core/feed.ts';
import { showBytes } from '../../core/units.ts';
import type { Finding } from './finding.ts';

/** Whether the feed takes files of this size. Its own settings decide of empty ones. */
export function sizeFindings(size: number, { accept }: Feed): Finding[] {
  const { minSize, maxSize = Infinity } = accept;
  if (size > maxSize) {
    return [
      {
        code: 'too-large',
        severity: 'error',
        message: 'the file is larger than this feed takes',
        expected: `at most ${showBytes(maxSize)}`,
        found: showBytes(size),
      },
    ];
  }
  if (size >= minSize || size === 0) return [];
  return [
    {
      code: 'too-small',
      severity: 'error',
      message: 'the file is smaller than this feed takes',
      expected: `at least ${showBytes(minSize)}`,
      found: showBytes(size),
      advice: 'Was the whole file sent?',
    },
  ];
}
