import type { Buffer } from 'node:buffer';
import type { X12RuleName } from './rules.ts';

/** Byte values. */
export interface Delimiters {
  readonly element: number;
  readonly component: number;
  /** None before version 00402, and where ISA11 holds a letter. */
  readonly repetition: number | undefined;
  readonly terminator: number;
}

export interface IsaHeader {
  readonly delimiters: Delimiters;
  /** ISA01 to ISA16, as written; [0] is `ISA`. */
  readonly elements: readonly string[];
  /** Bytes from the I of ISA to its terminator, included. */
  readonly length: number;
}

export interface HeaderFault {
  readonly rule: X12RuleName;
  readonly found: string;
  readonly expected?: string;
}

/** Bytes. */
export const ISA_BYTES = 106;
/** Bytes in which an ISA with other widths is looked for, to tell its sender of all its faults at once. */
export const MAX_ISA_BYTES = 256;

const WIDTHS = [3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1] as const;
const ISA_ELEMENTS = WIDTHS.length;

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
const canSeparate = (byte: number | undefined): byte is number =>
  byte !== undefined && !isAlphanumeric(byte) && byte !== 0x20;
const show = (byte: number): string => String.fromCharCode(byte);

/**
 * Reads ISA from its first bytes: ISA_BYTES of them suffice for a well-formed one, up to MAX_ISA_BYTES for others.
 * Answers no header where its separators cannot be told.
 */
export function readIsa(bytes: Buffer): { header?: IsaHeader; faults: HeaderFault[] } {
  const element = bytes[3];
  if (bytes.length < ISA_BYTES && !hasAllElements(bytes)) {
    return { faults: [{ rule: 'isa-cut', found: `${bytes.length} characters`, expected: `${ISA_BYTES}` }] };
  }
  if (!canSeparate(element)) return { faults: [{ rule: 'isa-separator', found: show(element!) }] };

  const ends = separatorsOf(bytes, element);
  if (ends.length < ISA_ELEMENTS - 1) {
    return {
      faults: [{ rule: 'isa-widths', found: `${ends.length} elements`, expected: `${ISA_ELEMENTS - 1}` }],
    };
  }
  const faults: HeaderFault[] = [];
  const last = ends.at(-1)!;
  const component = bytes[last + 1];
  const terminator = bytes[last + 2];
  const edges = [-1, ...ends, last + 2];
  const elements = edges.slice(1).map((end, index) => bytes.toString('latin1', edges[index]! + 1, end));
  const widths = elements.map((text) => text.length);
  if (WIDTHS.some((width, index) => widths[index] !== width)) {
    faults.push({
      rule: 'isa-widths',
      found: widths.slice(1).join(','),
      expected: WIDTHS.slice(1).join(','),
    });
  }
  if (!canSeparate(terminator) || component === undefined) {
    const found = terminator === undefined ? 'nothing' : show(terminator);
    return { faults: [...faults, { rule: 'isa-terminator', found }] };
  }

  const repetition = repetitionOf(elements);
  const all = [element, component, terminator, ...(repetition === undefined ? [] : [repetition])];
  const shown = all.map(show).join(' ');
  if (new Set(all).size < all.length)
    return { faults: [...faults, { rule: 'separators-clash', found: shown }] };
  if (!canSeparate(component)) faults.push({ rule: 'separators-clash', found: show(component) });
  if (all.some((byte) => byte > 0x7f)) faults.push({ rule: 'separator-not-ascii', found: shown });
  const delimiters = { element, component, repetition, terminator };
  return { header: { delimiters, elements, length: last + 3 }, faults };
}

/** Where its sixteen separators stand, in order; fewer when there are fewer. */
function separatorsOf(bytes: Buffer, element: number): number[] {
  const ends: number[] = [];
  let at = bytes.indexOf(element);
  while (at >= 0 && ends.length < ISA_ELEMENTS - 1) {
    ends.push(at);
    at = bytes.indexOf(element, at + 1);
  }
  return ends;
}

const hasAllElements = (bytes: Buffer): boolean => {
  const ends = bytes[3] === undefined ? [] : separatorsOf(bytes, bytes[3]);
  return ends.length === ISA_ELEMENTS - 1 && ends.at(-1)! + 2 < bytes.length;
};

/** ISA11 separates repetitions from version 00402 on, unless it is a letter, a digit or a blank. */
function repetitionOf(elements: readonly string[]): number | undefined {
  const byte = elements[11]!.charCodeAt(0);
  return elements[12]! >= '00402' && canSeparate(byte) ? byte : undefined;
}

/** Whether the bytes are an ISA of the fixed widths, so that no more need to be waited for. */
export const isFixedIsa = (bytes: Buffer): boolean =>
  bytes.length >= ISA_BYTES &&
  separatorsOf(bytes, bytes[3]!).join() === SEPARATOR_POSITIONS &&
  canSeparate(bytes[3]);

/** 3,6,17,20,31,34,50,53,69,76,81,83,89,99,101,103 */
const SEPARATOR_POSITIONS = WIDTHS.slice(0, -1)
  .map((_, index) => WIDTHS.slice(0, index + 1).reduce((sum: number, width) => sum + width + 1, -1))
  .join();
