import { expect, it } from 'vitest';
import { createGaps } from '../../adapters/store/s3/gaps.ts';

const KNOWN_MS = 60_000;

it('knows the names up to the next key', () => {
  const gaps = createGaps(KNOWN_MS);
  gaps.look('in/b')('in/d/x');
  expect(['in/a', 'in/b', 'in/c', 'in/d', 'in/e'].map(gaps.has)).toEqual([false, true, true, false, false]);
});

it('knows all later names of a folder that has no more keys, and no others', () => {
  const gaps = createGaps(KNOWN_MS);
  gaps.look('in/b')(undefined);
  expect(['in/b', 'in/z', 'out/z', 'in/z/z', 'z'].map(gaps.has)).toEqual([true, true, false, false, false]);
});

it('has the order of bytes: what ends before a slash sorts before what is below', () => {
  const gaps = createGaps(KNOWN_MS);
  gaps.look('in/b')('in/\u{1f600}');
  // In UTF-16 it would be behind.
  expect(['in/b-1', 'in/b0', 'in/\uff5e'].map(gaps.has)).toEqual([false, true, true]);
});

it('forgets where something was placed, also while the store is asked', () => {
  const gaps = createGaps(KNOWN_MS);
  gaps.look('in/b')(undefined);
  const found = gaps.look('in/c');
  gaps.forget('in/m');
  found(undefined);
  expect(['in/b', 'in/c', 'in/m'].map(gaps.has)).toEqual([false, false, false]);
});

it('keeps what the placed one is not in', () => {
  const gaps = createGaps(KNOWN_MS);
  gaps.look('in/b')('in/d');
  gaps.forget('in/m');
  expect(gaps.has('in/c')).toBe(true);
});

it('knows nothing for ever', () => {
  const gaps = createGaps(0);
  gaps.look('in/b')(undefined);
  expect(gaps.has('in/b')).toBe(false);
});
