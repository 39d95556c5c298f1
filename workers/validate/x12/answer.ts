import type { Group, Interchange, TransactionSet } from './interchange.ts';

/** What is said about one interchange. */
export interface Answer {
  readonly interchange: Interchange;
  /** Whether what it holds goes on. */
  readonly accepted: boolean;
  /** TA105; no TA1 when undefined. */
  readonly technical: string | undefined;
  /** The groups that get a 997. */
  readonly groups: readonly Group[];
}

/** AK5 and AK9 hold this many codes. */
const MAX_CODES = 5;
/** Codes that versions before 005010 lack, and what they say instead. */
const OLDER_CODES: Readonly<Record<string, string>> = { 19: '6', 23: '7' };

/**
 * The interchange in return, in the separators of the one it answers, sender and receiver swapped. `numbers` has one
 * control number for each group, at least one; the first is the interchange's own as well.
 */
export function buildAnswer(answer: Answer, numbers: readonly number[], at: Date): string {
  const { interchange, technical, groups } = answer;
  const { isa } = interchange;
  const { component, repetition } = interchange.delimiters;
  const number = String(numbers[0]).padStart(9, '0');
  const hasVersion = /^00\d{3}$/.test(isa[12]!);
  const clean = (text: string | undefined, width: number): string =>
    plain(text ?? '', interchange)
      .slice(0, width)
      .padEnd(width);

  const segments: string[][] = [
    [
      ...['ISA', '00', ' '.repeat(10), '00', ' '.repeat(10)],
      ...[clean(isa[7], 2), clean(isa[8], 15), clean(isa[5], 2), clean(isa[6], 15)],
      ...[date(at).slice(2), time(at)],
      repetition === undefined ? 'U' : String.fromCharCode(repetition),
      hasVersion ? isa[12]! : '00401',
      number,
      '0',
      /^[PTI]$/.test(isa[15]!) ? isa[15]! : 'P',
      String.fromCharCode(component),
    ],
  ];
  const trim = (text: string | undefined): string => plain(text ?? '', interchange).trim();
  if (technical !== undefined) {
    const letter = technical === '000' ? 'A' : 'R';
    segments.push(['TA1', ...[isa[13], isa[9], isa[10]].map(trim), letter, technical]);
  }
  for (const [index, group] of groups.entries()) {
    for (const segment of groupInReturn(group, numbers[index]!, at, answer.accepted, trim))
      segments.push(segment);
  }
  segments.push(['IEA', `${groups.length}`, number]);
  return write(segments, interchange);
}

function groupInReturn(
  group: Group,
  number: number,
  at: Date,
  accepted: boolean,
  clean: (text: string | undefined) => string,
): string[][] {
  const [, type, sender, receiver, , , control, , version = ''] = group.gs;
  const older = version < '005010';
  const codes = (all: ReadonlySet<string>): string[] =>
    [...new Set([...all].map((code) => (older && OLDER_CODES[code]) || code))].slice(0, MAX_CODES);
  const letter = accepted ? 'A' : 'R';

  const setInReturn = (set: TransactionSet): string[][] => [
    ['AK2', clean(set.type), clean(set.control)],
    ...set.segments.map(({ id, position, code }) => [
      'AK3',
      clean(id).slice(0, 3) || '?',
      `${position}`,
      '',
      code,
    ]),
    ['AK5', letter, ...codes(set.codes)],
  ];
  const body = [
    ['ST', '997', '0001'],
    ['AK1', clean(type), clean(control)],
    ...group.sets.flatMap(setInReturn),
    [
      'AK9',
      letter,
      `${group.claimed ?? group.received}`,
      `${group.received}`,
      `${accepted ? group.received : 0}`,
      ...codes(group.codes),
    ],
  ];
  const spoken = /^\d{6}/.exec(version)?.[0] ?? '004010';
  return [
    ['GS', 'FA', clean(receiver), clean(sender), date(at), time(at), `${number}`, 'X', spoken],
    ...body,
    ['SE', `${body.length + 1}`, '0001'],
    ['GE', '1', `${number}`],
  ];
}

const date = (at: Date): string => at.toISOString().slice(0, 10).replaceAll('-', '');
const time = (at: Date): string => at.toISOString().slice(11, 16).replace(':', '');

/** A text of the file as it can stand in an element: its separators and all that is not printable become blanks. */
function plain(text: string, { delimiters }: Interchange): string {
  const separators = Object.values(delimiters).filter((byte) => byte !== undefined);
  return Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 || code > 0x7e || separators.includes(code) ? ' ' : character;
  }).join('');
}

/** Each segment on a line of its own. */
function write(segments: readonly (readonly string[])[], { delimiters }: Interchange): string {
  const [element, terminator] = [delimiters.element, delimiters.terminator].map((byte) =>
    String.fromCharCode(byte),
  );
  const newline = terminator === '\n' || terminator === '\r' ? '' : '\n';
  return segments.map((elements) => `${elements.join(element)}${terminator}${newline}`).join('');
}
