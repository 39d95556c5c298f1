/**
 * The order of an interchange's segments: for each place in it, what each segment does there. `ISA` begins an
 * interchange from any place. An empty list: the segment belongs there and asks for nothing.
 */
export type Scope = 'between' | 'interchange' | 'group' | 'set';
type SegmentKind = 'TA1' | 'ISB' | 'ISE' | 'GS' | 'GE' | 'ST' | 'SE' | 'IEA' | 'other';

export type Action =
  | 'openGroup'
  | 'openStrayGroup'
  | 'openSet'
  | 'closeInterchange'
  | 'closeGroup'
  | 'closeSet'
  | 'missGroupTrailer'
  | 'missSetTrailer'
  | 'countAcknowledgement'
  | 'refuseAfterInterchange'
  | 'refuseUnexpected'
  | 'refuseOutsideSet'
  | 'refuseTrailer';

type Row = Readonly<Record<SegmentKind, readonly Action[]>>;

const after: readonly Action[] = ['refuseAfterInterchange'];

export const envelopeStates: Readonly<Record<Scope, Row>> = {
  between: {
    TA1: after,
    ISB: after,
    ISE: after,
    GS: after,
    GE: after,
    ST: after,
    SE: after,
    IEA: after,
    other: after,
  },
  interchange: {
    TA1: ['countAcknowledgement'],
    ISB: [],
    ISE: [],
    GS: ['openGroup'],
    GE: ['refuseTrailer'],
    ST: ['openStrayGroup', 'openSet'],
    SE: ['refuseTrailer'],
    IEA: ['closeInterchange'],
    other: ['refuseOutsideSet'],
  },
  group: {
    TA1: ['refuseUnexpected'],
    ISB: ['refuseUnexpected'],
    ISE: ['refuseUnexpected'],
    GS: ['missGroupTrailer', 'openGroup'],
    GE: ['closeGroup'],
    ST: ['openSet'],
    SE: ['refuseTrailer'],
    IEA: ['missGroupTrailer', 'closeInterchange'],
    other: ['refuseOutsideSet'],
  },
  set: {
    TA1: ['refuseUnexpected'],
    ISB: ['refuseUnexpected'],
    ISE: ['refuseUnexpected'],
    GS: ['missSetTrailer', 'missGroupTrailer', 'openGroup'],
    GE: ['missSetTrailer', 'closeGroup'],
    ST: ['missSetTrailer', 'openSet'],
    SE: ['closeSet'],
    IEA: ['missSetTrailer', 'missGroupTrailer', 'closeInterchange'],
    other: [],
  },
};

/** A map, because every segment of a file is looked up in it. */
const kinds = new Map(
  (Object.keys(envelopeStates.between) as SegmentKind[]).map((kind) => [kind as string, kind]),
);

export const kindOf = (id: string): SegmentKind => kinds.get(id) ?? 'other';
