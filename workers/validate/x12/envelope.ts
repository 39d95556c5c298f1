import { Buffer } from 'node:buffer';
import type { Findings } from '../finding.ts';
import { type Delimiters, readIsa } from './delimiters.ts';
import { type Action, envelopeStates, kindOf, type Scope } from './envelope-states.ts';
import { GS_ELEMENTS, groupElements } from './group-elements.ts';
import {
  type Group,
  type Interchange,
  interchangeKey,
  MAX_COMPARED_SETS,
  MAX_LISTED_SETS,
  MAX_PARTS,
  type TransactionSet,
} from './interchange.ts';
import { isaFaults } from './isa-elements.ts';
import { createReporter } from './reporter.ts';
import type { X12RuleName } from './rules.ts';
import { segmentId } from './segment-id.ts';
import type { SegmentSink, Stuck } from './segment-scanner.ts';
import { isSameNumber, saysCount } from './trailer.ts';

/** The envelope of an X12 file, segment by segment: what it holds, and all that is wrong with it. */
export interface Envelope extends SegmentSink {
  /** After the last segment. */
  end(): void;
  readonly interchanges: readonly Interchange[];
  readonly counts: { readonly groups: number; readonly sets: number; readonly segments: number };
}

/** Errors after which a file is not looked into further: it is not X12, or it is meant to keep us busy. */
const MAX_ERRORS = 10_000;

/** Characters of an element that are kept after its segment; X12 allows GS02 and GS03 the most, 15. */
const MAX_KEPT_CHARACTERS = 80;
/** Strings up to this length are copied when cut; longer ones share the memory of the whole segment. */
const MAX_COPIED_CHARACTERS = 12;

/** The beginning of an element, in memory of its own: a segment may have 64 KiB, and a file a million of them. */
function kept(text: string): string {
  if (text.length <= MAX_COPIED_CHARACTERS) return text;
  return Buffer.from(text.slice(0, MAX_KEPT_CHARACTERS), 'latin1').toString('latin1');
}

interface Segment {
  readonly id: string;
  readonly elements: readonly string[];
}

export function createEnvelope(findings: Findings): Envelope {
  const interchanges: Interchange[] = [];
  const counts = { groups: 0, sets: 0, segments: 0 };
  const keys = new Set<string>();
  let scope: Scope = 'between';
  let delimiters: Delimiters | undefined;
  let interchange: Interchange | undefined;
  let group: Group | undefined;
  let set: TransactionSet | undefined;
  /** Control numbers seen: GS06 in the interchange, ST02 in the group. */
  let groupNumbers = new Set<string>();
  let setNumbers = new Set<string>();
  /** Segments of the set, ST counted; and the current segment, for what is reported of it. */
  let position = 0;
  let current = { id: '', offset: 0 };
  let stuck = false;
  let gaveUp = false;
  let tooMany = false;

  const report = createReporter(findings, () => ({
    interchange,
    group,
    set,
    position,
    segment: { ...current, number: counts.segments },
  }));

  const checkCount = (rule: X12RuleName, claimed: string | undefined, counted: number): void => {
    if (!saysCount(claimed, counted))
      report(rule, { found: claimed ?? '', expected: `${counted}`, element: 1 });
  };

  const checkNumber = (rule: X12RuleName, trailer: string | undefined, header: string): void => {
    if (trailer !== undefined && kept(trailer) === header) return;
    const name = isSameNumber(trailer, header) ? 'trailer-zeros' : rule;
    report(name, { found: trailer ?? '', expected: header, element: 2 });
  };

  const openGroup = (gs: readonly string[]): Group => {
    counts.groups += 1;
    const opened: Group = { gs, claimed: undefined, received: 0, codes: new Set(), sets: [] };
    if (counts.groups <= MAX_PARTS) interchange?.groups.push(opened);
    setNumbers = new Set();
    group = opened;
    scope = 'group';
    if (counts.groups > MAX_PARTS) reportTooMany();
    return opened;
  };

  const reportTooMany = (): void => {
    if (!tooMany) report('too-many-parts', { expected: `at most ${MAX_PARTS}` });
    tooMany = true;
  };

  const actions: Readonly<Record<Action, (segment: Segment) => void>> = {
    openGroup({ elements }) {
      openGroup(elements.slice(0, GS_ELEMENTS + 1).map(kept));
      const empty = elements.slice(1, GS_ELEMENTS + 1).some((text) => text.trim() === '');
      if (elements.length <= GS_ELEMENTS || empty) report('gs-form', { found: elements.join(' ') });
      for (const { element, rule, form, expected } of groupElements) {
        const found = elements[element];
        if (found && !form.test(found)) report(rule, { found, expected, element });
      }
      const number = group!.gs[6];
      if (number === undefined) return;
      if (groupNumbers.has(number)) report('gs06-repeated', { found: number, element: 6 });
      else if (groupNumbers.size < MAX_PARTS) groupNumbers.add(number);
    },

    openStrayGroup() {
      report('set-outside-group');
      openGroup([]);
    },

    openSet({ elements }) {
      counts.sets += 1;
      const [type, control] = [kept(elements[1] ?? ''), kept(elements[2] ?? '')];
      set = { type, control, codes: new Set(), segments: [] };
      group!.received += 1;
      if (counts.sets <= MAX_LISTED_SETS) group!.sets.push(set);
      position = 1;
      scope = 'set';
      if (!/^[0-9A-Z]{3}$/.test(type)) report('st01', { found: type, expected: 'such as 850', element: 1 });
      if (control.length < 4 || control.length > 9) report('st02', { found: control, element: 2 });
      if (setNumbers.has(control)) report('st02-repeated', { found: control, element: 2 });
      else if (setNumbers.size < MAX_COMPARED_SETS) setNumbers.add(control);
      else if (setNumbers.size === MAX_COMPARED_SETS) {
        report('uniqueness-unchecked');
        setNumbers.add(control);
      }
    },

    closeSet({ elements }) {
      checkCount('se-count', elements[1], position);
      checkNumber('se-number', elements[2], set!.control);
      leaveSet();
    },

    closeGroup({ elements }) {
      checkCount('ge-count', elements[1], group!.received);
      checkNumber('ge-number', elements[2], group!.gs[6] ?? '');
      group!.claimed = /^\d{1,6}$/.test(elements[1] ?? '') ? Number(elements[1]) : undefined;
      leaveGroup();
    },

    closeInterchange({ elements }) {
      const { groups, isa, acknowledgements } = interchange!;
      // An interchange of acknowledgements only has no groups; some senders say 1 all the same.
      const onlyTa1 = groups.length === 0 && acknowledgements > 0;
      if (!(onlyTa1 && elements[1] === '1') && !tooMany) checkCount('iea-count', elements[1], groups.length);
      checkNumber('iea-number', elements[2], isa[13]!);
      leaveInterchange();
    },

    missSetTrailer() {
      report('se-missing');
      leaveSet();
    },
    missGroupTrailer() {
      report('ge-missing');
      leaveGroup();
    },
    countAcknowledgement() {
      interchange!.acknowledgements += 1;
    },
    refuseAfterInterchange: () => report('after-interchange', { found: current.id }),
    refuseUnexpected: () => report('unexpected-segment', { found: current.id }),
    refuseOutsideSet: () => report('segment-outside-set', { found: current.id }),
    refuseTrailer: () => report('trailer-without-header', { found: current.id }),
  };

  const leaveSet = (): void => {
    set = undefined;
    scope = 'group';
  };
  const leaveGroup = (): void => {
    group = undefined;
    scope = 'interchange';
  };
  const leaveInterchange = (): void => {
    interchange = undefined;
    scope = 'between';
  };

  /** What is still open has no trailer. */
  const closeAll = (): void => {
    if (set) actions.missSetTrailer({ id: '', elements: [] });
    if (group) actions.missGroupTrailer({ id: '', elements: [] });
    if (interchange) report('iea-missing');
    leaveInterchange();
  };

  const stops: Readonly<Record<Stuck, (bytes: Buffer, offset: number) => void>> = {
    'no-header': (bytes) => report('isa-missing', { found: bytes.toString('latin1', 0, 40) }),
    'too-long': (bytes) => report('segment-too-long', { found: bytes.toString('latin1', 0, 40) }),
    'binary-length': (bytes) => report('binary-length', { found: bytes.toString('latin1', 0, 40) }),
    cut: (bytes, offset) => {
      stuck = false;
      let end = bytes.length;
      while (end > 0 && bytes[end - 1]! <= 0x20) end -= 1;
      const last = bytes.subarray(0, end);
      if (scope === 'between' || !last.toString('latin1', 0, 3).startsWith('IEA')) {
        const found = last.toString('latin1', 0, 40);
        current = { id: '', offset };
        report(scope === 'between' ? 'after-interchange' : 'segment-cut', { found });
        return;
      }
      envelope.segment(last, 0, end, offset);
      report('not-terminated');
    },
  };

  const envelope: Envelope = {
    interchanges,
    counts,
    get between() {
      return scope === 'between';
    },

    header(bytes, offset) {
      current = { id: 'ISA', offset };
      if (scope !== 'between') closeAll();
      counts.segments += 1;
      const { header, faults } = readIsa(bytes);
      if (header) {
        delimiters = header.delimiters;
        interchange = {
          isa: header.elements,
          delimiters,
          groups: [],
          acknowledgements: 0,
          ta1: undefined,
        };
        scope = 'interchange';
        groupNumbers = new Set();
        if (interchanges.length < MAX_PARTS) interchanges.push(interchange);
        else reportTooMany();
      }
      if (interchanges.length <= 1 && offset > 0) report('isa-leading-bytes', { found: `${offset} bytes` });
      for (const { rule, found, expected } of faults) {
        report(rule, { found, ...(expected === undefined ? {} : { expected }) });
      }
      if (!header || !interchange) {
        stuck = true;
        return undefined;
      }
      for (const { rule, ...fault } of isaFaults(header.elements)) report(rule, fault);
      const key = interchangeKey(interchange);
      if (keys.has(key)) report('interchange-repeated', { found: header.elements[13]!, element: 13 });
      else if (keys.size < MAX_PARTS) keys.add(key);
      return header;
    },

    segment(bytes, start, end, offset) {
      counts.segments += 1;
      if (gaveUp) return;
      if (findings.errors >= MAX_ERRORS) {
        report('too-many-errors', { expected: `at most ${MAX_ERRORS}` });
        gaveUp = true;
        return;
      }
      position += 1;
      const id = segmentId(bytes, start, end, delimiters!.element);
      current = { id: id.text, offset };
      if (id.folded) report('folded-line');
      const kind = kindOf(id.text);
      const steps = envelopeStates[scope][kind];
      if (!id.valid) report('segment-id', { found: id.text });
      if (steps.length === 0) return;
      const segment = { id: id.text, elements: elementsOf(bytes, start, end) };
      for (const step of steps) actions[step](segment);
    },

    blanks(offset) {
      const before = current;
      current = { id: '', offset };
      report('folded-line');
      current = before;
    },

    stuck(why, bytes, offset) {
      stuck = true;
      current = { id: '', offset };
      stops[why](bytes, offset);
    },

    end() {
      // Where the scan could not go on, what is missing was never looked for.
      if (stuck || gaveUp) return;
      if (interchanges.length === 0) report('isa-missing', { found: 'nothing' });
      closeAll();
    },
  };

  /** As text, line breaks of folded lines taken out. Bytes above 7F are Latin-1: they are compared, never shown. */
  const elementsOf = (bytes: Buffer, start: number, end: number): string[] =>
    bytes
      .toString('latin1', start, end)
      .replace(/[\r\n]/g, '')
      .split(String.fromCharCode(delimiters!.element));

  return envelope;
}
