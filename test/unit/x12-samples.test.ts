import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkX12 } from '../support/x12-checked.ts';

/**
 * Real files with known verdicts: a folder whose INDEX.tsv has the columns path, kind, verdict (valid, invalid) and
 * sure (yes where no two systems would differ).
 */
const folder = process.env.LANDFALL_TEST_EDI_SAMPLES;

describe('real X12 files', () => {
  if (!folder) {
    it.skip('get the verdict that is known of them (skipped: LANDFALL_TEST_EDI_SAMPLES names no folder)', () => {});
    return;
  }
  const [head = '', ...lines] = readFileSync(join(folder, 'INDEX.tsv'), 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  const rows = lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
  const sure = rows.filter(({ kind, sure }) => kind === 'x12' && sure === 'yes');

  it('are there', () => expect(sure.length).toBeGreaterThan(0));
  it.each(sure.map(({ path, verdict, why }) => [path!, verdict!, why!]))('%s is %s', (path, verdict, why) => {
    const { errors } = checkX12(readFileSync(join(folder, path)));
    expect(errors.length > 0 ? 'invalid' : 'valid', `${why} / ${errors.join(' ')}`).toBe(verdict);
  });
});
