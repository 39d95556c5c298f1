import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baseName,
  fileKey,
  isTemporaryName,
  isWithin,
  MAX_DEPTH,
  parentPath,
  resolvePath,
} from '../../core/paths.ts';

const segment = fc.oneof(
  fc.constantFrom('..', '.', '', 'in', '...', ' ', '~', '\\'),
  fc.string({ unit: 'grapheme' }),
);
const argument = fc
  .tuple(fc.boolean(), fc.array(segment, { maxLength: 12 }))
  .map(([absolute, segments]) => (absolute ? '/' : '') + segments.join('/'))
  .filter((text) => !/[\0\r\n]/.test(text) && text.isWellFormed());

describe('resolvePath', () => {
  test('no path leaves the root, wherever it starts', () => {
    fc.assert(
      fc.property(argument, argument, (folder, path) => {
        const resolved = resolvePath(resolvePath('/', folder), path);
        expect(resolved).toMatch(/^\//);
        expect(resolved.split('/').slice(1)).not.toContain('..');
        expect(resolved.split('/').slice(1)).not.toContain('.');
        if (resolved !== '/') expect(resolved.split('/').slice(1)).not.toContain('');
        expect(`${fileKey('acme', resolved)}/`.startsWith('files/acme/')).toBe(true);
      }),
    );
  });

  test('resolving again changes nothing', () => {
    fc.assert(
      fc.property(argument, (path) => {
        const once = resolvePath('/some/folder', path);
        expect(resolvePath('/elsewhere', once)).toBe(once);
        expect(resolvePath('/', once)).toBe(once);
      }),
    );
  });

  test.each([
    ['/in', 'po.x12', '/in/po.x12'],
    ['/in', '/out/a', '/out/a'],
    ['/in', '../../../etc/passwd', '/etc/passwd'],
    ['/in', '', '/in'],
    ['/in', 'a//b/./c/', '/in/a/b/c'],
    ['/', '..', '/'],
  ])('%s, then %s', (folder, path, resolved) => expect(resolvePath(folder, path)).toBe(resolved));

  test.each(['a\0b', 'a\rb', 'a\nb', '\ud800'])('%j is no name', (path) =>
    expect(() => resolvePath('/', path)).toThrow(expect.objectContaining({ code: 'bad-name' })),
  );

  test('names and paths have an end', () => {
    const tooLong = expect.objectContaining({ code: 'name-too-long' });
    expect(resolvePath('/', 'é'.repeat(127))).toHaveLength(128);
    expect(() => resolvePath('/', 'é'.repeat(128))).toThrow(tooLong);
    expect(() => resolvePath('/', 'a/'.repeat(MAX_DEPTH + 1))).toThrow(tooLong);
    expect(() => fileKey('acme', `/${'x'.repeat(250)}`.repeat(5))).toThrow(tooLong);
  });
});

test('the parts of a path', () => {
  expect(baseName('/in/po.x12')).toBe('po.x12');
  expect(parentPath('/in/po.x12')).toBe('/in');
  expect(parentPath('/in')).toBe('/');
  expect(isWithin('/in/a', '/in')).toBe(true);
  expect(isWithin('/inbox', '/in')).toBe(false);
  expect(isWithin('/anything', '/')).toBe(true);
});

test('temporary names, whatever their case', () => {
  const patterns = ['*.tmp', '.in.*'];
  expect(isTemporaryName('/in/po.x12.TMP', patterns)).toBe(true);
  expect(isTemporaryName('/in/.in.po.x12.', patterns)).toBe(true);
  expect(isTemporaryName('/in/.tmp', patterns)).toBe(true);
  expect(isTemporaryName('/in/.po.x12.tmp', patterns)).toBe(true);
  expect(isTemporaryName('/in/po.x12', patterns)).toBe(false);
  expect(isTemporaryName('/x.tmp/po.x12', patterns)).toBe(false);
});
