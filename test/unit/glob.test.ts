import { matchesGlob as matchesByNode } from 'node:path/posix';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globMatcher, globProblem, matchesGlob } from '../../core/glob.ts';

test.each([
  ['/in/*.x12', ['/in/po.x12', '/in/.po.x12', '/in/.x12'], ['/in/deep/po.x12', '/in/PO.X12', '/in/po.x12a']],
  ['/in/**/*.x12', ['/in/po.x12', '/in/deep/po.x12', '/in/deep/er/po.x12'], ['/inn/po.x12', '/in/po.edi']],
  ['/in/**/*b', ['/in/.a/.b', '/in/b'], ['/in/b/a']],
  ['/**', ['/in/deep/er/po.x12', '/.in/.po', '/a'], []],
  ['/in**', ['/in', '/inbox'], ['/in/a']],
  ['/{out,in}/*.{edi,x12}', ['/in/po.x12', '/out/po.edi'], ['/{out,in}/po.x12', '/in/po.']],
  ['{a,b{c,}d}e', ['ae', 'bcde', 'bde'], ['e', 'be', 'ade']],
  ['{a}{b,c', ['{a}{b,c'], ['a', 'b']],
  ['po?[0-9][!x].[]a]', ['po_1y.]', 'po-2z.a'], ['po_1x.a', 'po1y.a', 'po_a.a', 'po_1y.b']],
  ['[!a]x', ['bx'], ['ax', '/x']],
  ['a[b', ['a[b'], ['ab']],
  ['\\*\\{a,b\\}\\', ['*{a,b}\\'], ['x{a,b}\\', '*a\\']],
  ['?.x12', ['é.x12', '😀.x12'], ['.x12', 'éé.x12', '/.x12']],
  ['', [''], ['a']],
])('%s', (glob, those, others) => {
  for (const path of those) expect([path, matchesGlob(path, glob)]).toEqual([path, true]);
  for (const path of others) expect([path, matchesGlob(path, glob)]).toEqual([path, false]);
});

test('it is what Node has', () => {
  const glob = fc.string({
    unit: fc.constantFrom('a', 'b', '-', '*', '?', '[ab]', '[!a]', '{a,b*}'),
    maxLength: 6,
  });
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(glob, name, (pattern, text) => {
      // To Node a name of stars is one that is not hidden, and has a character; `**` may be empty to it.
      const [path, within] = [`/x${text}`, `/x${pattern.replace(/\*+/g, '*')}`];
      expect(matchesGlob(path, within)).toBe(matchesByNode(path, within));
    }),
  );
});

describe('a pattern that a client made up', () => {
  test.each([
    ['stars', '*a'.repeat(127)],
    ['groups', '{a,b}'.repeat(50)],
    ['groups of groups', '{a,'.repeat(60) + '}'.repeat(60)],
    ['groups of stars', '{*a,*b}'.repeat(36)],
    ['repeated groups', '+(+(+(+(a))))b*'.repeat(16)],
    ['a range', '{1..99999999}'],
  ])('of %s keeps nobody waiting', (_what, glob) => {
    const started = performance.now();
    const matches = globMatcher(glob);
    expect(matches(`${'a'.repeat(254)}c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

test.each([
  ['/in/*.{x12,edi', /\{ without its \}/],
  ['/in/*.{x12}', /\} without \{ and ,/],
  ['/in/*.{x12,{edi}}', /\} without \{ and ,/],
  ['/in/*.x12,edi}', /\} without \{ and ,/],
  ['/in/po[0-9.x12', /\[ without its \]/],
])('%s is told of as a mistake', (glob, problem) => expect(globProblem(glob)).toMatch(problem));

test.each(['/in/*.{x12,{edi,txt}}', '/in/po[0-9].x12', '/in/\\{a\\}\\[', '/in/a,b'])('%s is not', (glob) =>
  expect(globProblem(glob)).toBeUndefined(),
);
