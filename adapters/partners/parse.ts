import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Partner, partnerFile } from '../../core/partner.ts';
import { inWords, MISSING } from '../../core/schema-words.ts';
import type { PartnerFault } from './fault.ts';
import { fieldName, isThere, keyOffset, offsetOf, placeAt, scalarAt } from './locate.ts';

/** Nodes that aliases may add up to: a file of a few lines can otherwise stand for billions. */
const MAX_ALIAS_COUNT = 100;
/** Faults of one file. */
const MAX_FAULTS = 20;
/** Characters of a wrong value that a message shows. */
const MAX_FOUND_LENGTH = 60;

export interface ParsedFile {
  readonly file: string;
  readonly partner?: Partner;
  readonly faults: readonly PartnerFault[];
  /** Where a field stands, for faults that only show beside other files. */
  readonly at: (path: readonly PropertyKey[]) => { line: number; column: number };
}

/** Reads the text of a partner's file. Never throws. */
export function parsePartner(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const faultAt = (offset: number, message: string, field = ''): PartnerFault => ({
    file,
    ...placeAt(lines, offset),
    field,
    message,
  });
  const wrong = (...faults: PartnerFault[]): ParsedFile => ({
    file,
    faults: faults.slice(0, MAX_FAULTS),
    at: () => ({ line: 1, column: 1 }),
  });

  let document: Document;
  let content: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const errors = [...document.errors, ...document.warnings];
    if (errors.length > 0) return wrong(...errors.map(({ pos, message }) => faultAt(pos[0], message)));
    if (document.contents === null) return wrong(faultAt(0, 'the file is empty'));
    content = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
  } catch (thrown) {
    // Too many aliases, or nested too deep for the parser's stack.
    return wrong(faultAt(0, `not readable as YAML: ${thrown instanceof Error ? thrown.message : thrown}`));
  }

  const parsed = partnerFile.safeParse(content, { error: inWords });
  if (!parsed.success) {
    return wrong(
      ...parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => {
              const offset = keyOffset(document, issue.path, key) ?? offsetOf(document, issue.path);
              return faultAt(offset, issue.message, fieldName([...issue.path, key]));
            })
          : [faultAt(offsetOf(document, issue.path), describe(issue, document), fieldName(issue.path))],
      ),
    );
  }
  return {
    file,
    partner: parsed.data,
    faults: [],
    at: (path) => placeAt(lines, offsetOf(document, path)),
  };
}

/** Fields that hold secrets, or what should have been one: never shown. */
const SECRET = /^(?:password|secret)$/;

function describe({ message, path }: z.core.$ZodIssue, document: Document): string {
  if (!isThere(document, path)) return message === MISSING ? message : `${MISSING}: ${message}`;
  const found = scalarAt(document, path);
  const secret = path.some((segment) => SECRET.test(String(segment)));
  const isSaid = found?.startsWith('"') && message.includes(found);
  return found === undefined || secret || isSaid ? message : `${message}, found ${clip(found)}`;
}

const clip = (text: string): string =>
  text.length > MAX_FOUND_LENGTH ? `${text.slice(0, MAX_FOUND_LENGTH)}...` : text;
