import type { Partner } from '../../../core/partner.ts';
import { allows, isKept } from '../../../core/permissions.ts';
import type { Entry } from '../../../core/ports/store.ts';
import { timeVal } from '../time-val.ts';

/** The facts of MLST and MLSD (RFC 3659 §7.5), each as what it says of an entry; undefined where it says nothing. */
const rows = {
  type: (entry: Entry) => (entry.kind === 'file' ? 'file' : 'dir'),
  size: (entry: Entry) => (entry.kind === 'file' ? String(entry.size) : undefined),
  modify: (entry: Entry) => timeVal(entry.modified),
  perm: (entry: Entry, path: string, partner: Partner) => permissions(entry, path, partner),
} as const satisfies Record<string, (entry: Entry, path: string, partner: Partner) => string | undefined>;

export type FactName = keyof typeof rows;
export const allFacts = Object.keys(rows) as FactName[];

/** RFC 3659 §7.2: facts, each with its `;`, a space, the name. */
export const factLine = (
  facts: readonly FactName[],
  partner: Partner,
  path: string,
  entry: Entry,
  name: string,
): string => {
  const told = facts.map((fact) => {
    const value = rows[fact](entry, path, partner);
    return value === undefined ? '' : `${fact}=${value};`;
  });
  return `${told.join('')} ${name}`;
};

/** RFC 3659 §7.5.5: the letters of what the partner may do. */
function permissions(entry: Entry, path: string, partner: Partner): string {
  const may = (letters: string, action: Parameters<typeof allows>[1]): string =>
    allows(partner, action, path) ? letters : '';
  if (isKept(partner, path) && entry.kind === 'file') return may('r', 'read');
  const letters =
    entry.kind === 'file'
      ? [may('aw', 'write'), may('d', 'delete'), may('f', 'rename'), may('r', 'read')]
      : [
          'e',
          may('c', 'write'),
          may('dp', 'delete'),
          partner.appendOnly ? '' : may('f', 'rename'),
          may('l', 'list'),
          may('m', 'make'),
        ];
  return [...letters.join('')].sort().join('');
}
