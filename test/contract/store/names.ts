import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Open } from '../store-contract.ts';
import { expectFault, names, newKey, publish, text } from './given.ts';

const odd = [
  ' leading and trailing ',
  `quotes ' " \``,
  'back\\slash',
  '$(sh) ; | & > < * ? [a] {b} ~',
  '-rf',
  '...',
  '.hidden',
  'tab\tbell\u0007escape\u001b[31mdelete\u007f',
  'per%20cent%2F',
  '😀 emoji 👩‍👩‍👧',
  'é composed',
  'e\u0301 decomposed',
  '\u202eright to left',
  'CON.txt',
  `${'ü'.repeat(127)}x`,
  'x'.repeat(255),
];

export function namesContract(open: Open): void {
  it.each(odd)('takes %j as a name of a file and of a folder', async (name) => {
    const { store, peer } = open();
    const key = newKey();
    const arrival = await publish(store, `${key}/published/${name}`, 'published');
    await store.objects.put(`${key}/put/${name}`, Buffer.from('put'));
    await publish(store, `${key}/${name}/inside`, 'inside');
    expect(await names(peer, `${key}/published`)).toEqual([name]);
    expect(await names(peer, `${key}/put`)).toEqual([name]);
    expect(await text(peer, `${key}/published/${name}`)).toBe('published');
    expect(await text(peer, `${key}/put/${name}`)).toBe('put');
    expect(await text(peer, `${key}/${name}/inside`)).toBe('inside');
    await store.objects.rename(`${key}/published/${name}`, `${key}/${name}/${name}`);
    expect(await text(peer, `${key}/published/${name}`, arrival)).toBe('published');
    expect(await names(peer, `${key}/${name}`)).toContain(name);
    await publish(store, `${key}/put/${name}`, 'replaced', { replace: true });
    expect(await text(peer, `${key}/put/${name}`)).toBe('replaced');
  });

  it('keeps apart any two names that differ', async () => {
    const { store } = open();
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((value) => !/[\0\r\n/]/.test(value) && value !== '.' && value !== '..');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 2, maxLength: 3 }), async (given) => {
        const key = newKey();
        for (const value of given) await store.objects.put(`${key}/${value}`, Buffer.from(value));
        for (const value of given) expect(await text(store, `${key}/${value}`)).toBe(value);
        expect(await names(store, key)).toEqual([...given].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('refuses names that are too long', async () => {
    const { store } = open();
    const key = `${newKey()}/${'x'.repeat(256)}`;
    await expectFault(publish(store, key, 'x'), 'name-too-long');
    await expectFault(store.objects.put(key, Buffer.from('x')), 'name-too-long');
    await expectFault(store.folders.make(key), 'name-too-long');
  });
}
