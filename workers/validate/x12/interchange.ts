import type { Delimiters } from './delimiters.ts';

/** What a file's envelopes hold, as far as it is needed to acknowledge them. Texts are as in the file. */
export interface Interchange {
  /** ISA01 to ISA16 by their numbers; [0] is `ISA`. */
  readonly isa: readonly string[];
  readonly delimiters: Delimiters;
  readonly groups: Group[];
  /** TA1 segments in it. */
  acknowledgements: number;
  /** TA105 of its first error that has one. */
  ta1: string | undefined;
}

export interface Group {
  /** GS01 to GS08 by their numbers. */
  readonly gs: readonly string[];
  /** GE01 as a number, once GE was read. */
  claimed: number | undefined;
  /** Transaction sets begun. */
  received: number;
  readonly codes: Set<string>;
  /** At most MAX_LISTED_SETS in a file; more are counted only. */
  readonly sets: TransactionSet[];
}

export interface TransactionSet {
  /** ST01 and ST02. */
  readonly type: string;
  readonly control: string;
  readonly codes: Set<string>;
  /** Segments with errors; at most MAX_LISTED_SEGMENTS. */
  readonly segments: { id: string; position: number; code: string }[];
}

/** Transaction sets that are acknowledged one by one; beyond, only by their group. */
export const MAX_LISTED_SETS = 10_000;
/** Segments in error that are listed for one transaction set. */
export const MAX_LISTED_SEGMENTS = 20;
/** Interchanges and groups of one file, each. */
export const MAX_PARTS = 1000;
/** Transaction set control numbers that are compared within one group. */
export const MAX_COMPARED_SETS = 100_000;

/** Sender and receiver as ISA05 to ISA08, and ISA13: what may come once. */
export const interchangeKey = ({ isa }: Interchange): string =>
  [isa[5], isa[6]!.trim(), isa[7], isa[8]!.trim(), isa[13]].join('|');

/** Functional acknowledgements (997 and 999), which are themselves never acknowledged. */
export const isAcknowledgement = (group: Group): boolean => group.gs[1] === 'FA';
