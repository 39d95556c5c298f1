/**
 * What X12 asks of an envelope, and how the sender is told. A row is a rule with the codes that a breach of it gets:
 * `ta1` in TA105 (interchange), `group` in AK905, `set` in AK502, `segment` in AK304. A rule without any of them that
 * is an error rejects the file, but cannot be said in X12.
 *
 * Code tables: TA1 as published by Microsoft, EdiFabric and pyx12; AK304, AK403, AK5 and AK9 by Microsoft and
 * TrueCommerce; AK502 by IBM. Where they name no case (separators, order of segments) the row is a judgement.
 */
export interface X12Rule {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly ta1?: string;
  readonly group?: string;
  readonly set?: string;
  readonly segment?: string;
  readonly advice?: string;
}

const error = (message: string, codes: Omit<X12Rule, 'severity' | 'message'> = {}): X12Rule => ({
  severity: 'error',
  message,
  ...codes,
});
const warning = (message: string, advice?: string): X12Rule => ({
  severity: 'warning',
  message,
  ...(advice ? { advice } : {}),
});

const SEND_WHOLE = 'The file looks cut off: send it again, whole.';
const ISA_FORM = 'ISA is exactly 106 characters: pad its elements to their fixed widths.';
const CONTROL_NUMBERS = 'Header and trailer carry the same control number, character by character.';

export const x12Rules = {
  // The ISA segment.
  'isa-missing': error('the file does not begin with ISA', { advice: 'Is this an X12 file?' }),
  'isa-cut': error('the file ends within the ISA segment', { ta1: '023', advice: SEND_WHOLE }),
  'isa-separator': error('the character after ISA cannot separate elements', { ta1: '026' }),
  'isa-widths': error('the elements of ISA do not have their fixed widths', { ta1: '022', advice: ISA_FORM }),
  'isa-terminator': error('the character after ISA16 cannot end segments', { ta1: '004', advice: ISA_FORM }),
  'separators-clash': error('element, component, repetition separator and segment terminator must differ', {
    ta1: '026',
  }),
  'separator-not-ascii': warning('a separator is not ASCII'),
  'isa-leading-bytes': warning('there are bytes before ISA'),
  isa01: warning('ISA01 is no known authorization qualifier'),
  isa03: warning('ISA03 is no known security qualifier'),
  isa05: error('ISA05 is no sender qualifier', { ta1: '005' }),
  isa06: error('ISA06, the sender, is empty', { ta1: '006' }),
  isa07: error('ISA07 is no receiver qualifier', { ta1: '007' }),
  isa08: error('ISA08, the receiver, is empty', { ta1: '008' }),
  isa09: error('ISA09 is no date', { ta1: '014' }),
  isa10: error('ISA10 is no time', { ta1: '015' }),
  isa12: error('ISA12 is no version', { ta1: '017' }),
  isa13: error('ISA13, the control number, is not nine digits', { ta1: '018' }),
  isa14: error('ISA14 is neither 0 nor 1', { ta1: '019' }),
  isa15: error('ISA15 is none of P, T and I', { ta1: '020' }),

  // The interchange.
  'iea-missing': error('the interchange has no IEA', { ta1: '023', advice: SEND_WHOLE }),
  'iea-number': error('IEA02 differs from ISA13', { ta1: '001', advice: CONTROL_NUMBERS }),
  'iea-count': error('IEA01 differs from the number of groups', { ta1: '021' }),
  'trailer-zeros': warning('the trailer writes the same control number with other zeros'),
  'segment-cut': error('the file ends within a segment', { ta1: '023', advice: SEND_WHOLE }),
  'not-terminated': warning('the last segment has no terminator'),
  'after-interchange': error('there is data after IEA that is not ISA', { ta1: '022' }),
  'unexpected-segment': error('this segment may not stand here', { ta1: '024' }),
  'set-outside-group': error('ST stands outside a functional group', { ta1: '024' }),
  'segment-outside-set': error('a segment stands outside a transaction set', { ta1: '024' }),
  'trailer-without-header': error('a trailer has no header', { ta1: '024' }),
  'interchange-repeated': error('this file holds the same interchange control number twice', {
    ta1: '025',
    advice: 'Give every interchange its own ISA13.',
  }),
  'interchange-duplicate': error('this interchange control number came before, with other content', {
    ta1: '025',
    advice: 'Was it meant to be new? Then send it with a new ISA13. It is kept for a person to look at.',
  }),

  // The functional group.
  'gs-form': error('GS has fewer than eight elements or an empty one', { ta1: '024', group: '1' }),
  gs01: error('GS01 is no functional identifier', { group: '1' }),
  gs04: warning('GS04 is no date'),
  gs05: warning('GS05 is no time'),
  gs06: error('GS06, the control number, is not one to nine digits', { group: '6' }),
  'gs06-repeated': error('GS06 is used twice in the interchange', { group: '19' }),
  gs08: error('GS08 is no version', { group: '2' }),
  'ge-missing': error('the group has no GE', { group: '3' }),
  'ge-number': error('GE02 differs from GS06', { group: '4', advice: CONTROL_NUMBERS }),
  'ge-count': error('GE01 differs from the number of transaction sets', { group: '5' }),

  // The transaction set.
  st01: error('ST01 is no transaction set identifier', { set: '6' }),
  st02: error('ST02, the control number, is not 4 to 9 characters', { set: '7' }),
  'st02-repeated': error('ST02 is used twice in the group', { set: '23' }),
  'se-missing': error('the transaction set has no SE', { set: '2' }),
  'se-number': error('SE02 differs from ST02', { set: '3', advice: CONTROL_NUMBERS }),
  'se-count': error('SE01 differs from the number of segments', {
    set: '4',
    advice: 'SE01 counts the segments from ST to SE, both included.',
  }),

  // Segments.
  'segment-id': error('this is no segment identifier', { set: '5', segment: '1' }),
  'binary-length': error('the binary segment is not as long as it says', { set: '5', segment: '8' }),
  'segment-too-long': error('the segment is longer than is taken here', { ta1: '024', set: '5' }),
  'folded-line': warning('a line break or blank stands within or before a segment'),

  // Bounds of our own.
  'too-many-parts': error('the file holds more interchanges or groups than are taken here', { ta1: '024' }),
  'too-many-errors': error('the file has so many errors that the rest of it was not looked into'),
  'uniqueness-unchecked': warning('so many transaction sets that further ST02 were not compared'),
} as const satisfies Record<string, X12Rule>;

export type X12RuleName = keyof typeof x12Rules;
