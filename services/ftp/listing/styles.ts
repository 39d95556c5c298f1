import type { Partner } from '../../../core/partner.ts';
import { baseName } from '../../../core/paths.ts';
import { type Session, zoneOf } from '../session.ts';
import type { Listed } from './asked-for.ts';
import { dosLine } from './dos-line.ts';
import { factLine } from './facts.ts';
import { longLine } from './long-line.ts';

type Style = Partner['ftp']['listing'];

/** The facts of one entry, for MLST and MLSD. */
export const factsOf = ({ entry, path, name }: Listed, session: Session): string =>
  factLine(session.facts, zoneOf(session).partner, path, entry, name);

/** A style of LIST: what SYST says, by which clients choose how to read it, and the line of one entry. */
const styles: Record<Style, { system: string; line: (listed: Listed, session: Session) => string }> = {
  unix: { system: 'UNIX Type: L8', line: ({ entry, name }) => longLine(entry, name, Date.now()) },
  dos: { system: 'Windows_NT', line: ({ entry, name }) => dosLine(entry, name) },
  facts: { system: 'UNIX Type: L8', line: factsOf },
};

const styleOf = ({ visit }: Session) => styles[visit?.zone.partner.ftp.listing ?? 'unix'];

export const systemOf = (session: Session): string => styleOf(session).system;

/** The line of LIST and STAT: clients take the whole of its end for the name, and look for it in the folder. */
export const lineOf = (listed: Listed, session: Session): string =>
  styleOf(session).line({ ...listed, name: baseName(listed.name) }, session);
