import type { Buffer } from 'node:buffer';
import type { Feed } from '../../core/feed.ts';
import type { Finding } from './finding.ts';

/** Tells what content is by its first bytes, whatever its name says. */

/** Bytes that the sniffers look at. */
export const SNIFF_BYTES = 4096;

const contentTypes = [
  'empty',
  'executable',
  'script',
  'zip',
  'gzip',
  'pdf',
  'pgp',
  'x12',
  'edifact',
  'xml',
  'json',
  'csv',
  'text',
  'binary',
] as const;
export type ContentType = (typeof contentTypes)[number];

/** What a sniffer sees: the bytes, and the text that begins with the first character that is not blank. */
interface Head {
  readonly bytes: Buffer;
  readonly text: string;
  readonly isText: boolean;
}

const startsWith =
  (...signatures: string[]) =>
  ({ bytes }: Head) =>
    signatures.some((signature) => bytes.toString('latin1', 0, signature.length) === signature);
/** For signatures so short that a text may begin with them: `MZ`, or a letter with an accent. */
const notTextAnd = (fits: (head: Head) => boolean) => (head: Head) => !head.isText && fits(head);
const reads =
  (form: RegExp) =>
  ({ text }: Head) =>
    form.test(text);

/** The first row that fits is what the content is. */
const sniffers: readonly [ContentType, (head: Head) => boolean][] = [
  ['empty', ({ bytes }) => bytes.length === 0],
  ['executable', notTextAnd(startsWith('MZ'))],
  // ELF, Mach-O in either byte order and for several processors.
  [
    'executable',
    startsWith(
      '\x7fELF',
      '\xfe\xed\xfa\xce',
      '\xfe\xed\xfa\xcf',
      '\xce\xfa\xed\xfe',
      '\xcf\xfa\xed\xfe',
      '\xca\xfe\xba\xbe',
    ),
  ],
  ['script', startsWith('#!', '\xef\xbb\xbf#!')],
  // A local file, an empty archive, one that was split.
  ['zip', startsWith('PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08')],
  ['gzip', startsWith('\x1f\x8b\x08')],
  ['pdf', startsWith('%PDF-')],
  // OpenPGP (RFC 9580): armour, or a packet of a session key, a one-pass signature, encrypted or compressed data.
  ['pgp', reads(/^-----BEGIN PGP /)],
  ['pgp', notTextAnd(startsWith('\x84', '\x85', '\x90\x0d', '\xa3', '\xc1', '\xc4\x0d', '\xc8', '\xd2'))],
  ['x12', reads(/^ISA[^0-9A-Za-z]/)],
  ['edifact', reads(/^(UNA.{6}[\r\n]*)?UNB[^0-9A-Za-z]/s)],
  ['xml', reads(/^<(\?xml\s|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*[\s/>])/)],
  ['json', reads(/^(\{\s*("|\})|\[\s*(["{[\d\]-]|true|false|null))/)],
  ['csv', ({ isText, text }) => isText && hasColumns(text)],
  ['text', ({ isText }) => isText],
  ['binary', () => true],
];

export function sniff(bytes: Buffer): ContentType {
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  const whole = bytes.toString(wide ? 'utf16le' : 'latin1', wide ? 2 : 0);
  const text = whole.replace(/^\xef\xbb\xbf/, '').replace(/^[\s\0\x1a]+/, '');
  const isText = !/[\0-\x08\x0b\x0e-\x1f\x7f]/.test(whole.replace(/\x1a[\0\x1a\s]*$/, ''));
  return sniffers.find(([, fits]) => fits({ bytes, text, isText }))![0];
}

/** The same delimiter, as often in the first line as in the second. */
function hasColumns(text: string): boolean {
  const [first = '', second] = text.split(/\r\n|\r|\n/, 2);
  return [',', ';', '\t', '|'].some((delimiter) => {
    const columns = (line: string): number => line.replace(/"[^"]*"/g, '').split(delimiter).length;
    return (
      columns(first) > 1 && (second === undefined || second === '' || columns(first) === columns(second))
    );
  });
}

/** What a feed's format takes. Plain text may look like anything that is written in characters. */
const accepted: Readonly<Record<Feed['accept']['format'], readonly ContentType[]>> = {
  any: contentTypes,
  x12: ['x12'],
  text: ['text', 'csv', 'json', 'xml', 'x12', 'edifact', 'script'],
  csv: ['csv', 'text'],
  json: ['json'],
  xml: ['xml'],
  zip: ['zip'],
  gzip: ['gzip'],
  pdf: ['pdf'],
};

/** Empty files fit: whether they come here is a setting of the feed. */
export function typeFindings(type: ContentType, format: Feed['accept']['format']): Finding[] {
  if (type === 'empty' || accepted[format].includes(type)) return [];
  const message = 'the content is not what this feed takes';
  return [{ code: 'wrong-type', severity: 'error', message, expected: format, found: type }];
}
