import type { Arrival, DigestName } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import type { Feed } from '../../core/feed.ts';
import { baseName } from '../../core/paths.ts';
import type { Objects } from '../../core/ports/store.ts';
import { readWhole } from '../../core/read-whole.ts';
import { showText } from '../show-text.ts';
import type { Finding } from './finding.ts';

/** Side files: `po.x12.sha256` beside `po.x12` says what the bytes of `po.x12` should be. */

/** Bytes of a side file; a list of some hundred files fits. */
const MAX_SIDE_FILE_BYTES = 64 * 1024;

const sideDigests = ['sha512', 'sha256', 'sha1', 'md5'] as const satisfies readonly DigestName[];
type SideDigest = (typeof sideDigests)[number];
const HEX_DIGITS: Readonly<Record<SideDigest, number>> = { sha512: 128, sha256: 64, sha1: 40, md5: 32 };

/** What a side file says: a digest, or why it could not be read. */
export interface Checksum {
  readonly digest: SideDigest;
  /** Of the side file, for messages. */
  readonly name: string;
  /** Lower-case hex. */
  readonly expected?: string;
}

/** How long a file whose checksum is required waits for it, from its arrival. */
const CHECKSUM_GRACE_MS = 10 * 60_000;

/**
 * The side files of the arrival that are there now. Throws `incomplete` while one is required, none is there and the
 * file may still wait for it.
 */
export async function readChecksums(objects: Objects, arrival: Arrival, feed: Feed): Promise<Checksum[]> {
  const { checksum } = feed.accept;
  const found = checksum === 'off' ? [] : await findChecksums(objects, arrival);
  const waitedMs = Date.now() - Date.parse(arrival.receivedAt);
  if (checksum === 'required' && found.length === 0 && waitedMs < CHECKSUM_GRACE_MS) {
    throw new Fault('incomplete', `none of ${checksumNames(arrival)} is there yet`);
  }
  return found;
}

const checksumNames = ({ path }: Arrival): string =>
  sideDigests.map((digest) => `${baseName(path)}.${digest}`).join(', ');

async function findChecksums(objects: Objects, arrival: Arrival): Promise<Checksum[]> {
  const found: Checksum[] = [];
  for (const digest of sideDigests) {
    const text = await readText(objects, `${arrival.key}.${digest}`);
    if (text === undefined) continue;
    const name = `${baseName(arrival.path)}.${digest}`;
    const expected = checksumIn(text, digest, baseName(arrival.path));
    found.push({ digest, name, ...(expected === undefined ? {} : { expected }) });
  }
  return found;
}

/** Empty for one that is too large to be a side file. */
async function readText(objects: Objects, key: string): Promise<string | undefined> {
  try {
    return (await readWhole(objects, key, MAX_SIDE_FILE_BYTES)).toString('utf8');
  } catch (thrown) {
    const { code } = Fault.from(thrown);
    // A name as long as may be leaves no room for the side file's ending: there can be none.
    if (code === 'not-found' || code === 'is-a-folder' || code === 'name-too-long') return undefined;
    if (code === 'too-large') return '';
    throw thrown;
  }
}

/** `<hex>`, `<hex>  name`, `<hex> *name` (GNU coreutils), `SHA256 (name) = <hex>` (BSD). */
const LINE = /^(?:([0-9a-f]+)(?:[ \t]+\*?(.+))?|(?:[A-Z0-9-]+) ?\((.+)\) ?= ?([0-9a-f]+))$/i;

/** The digest for `name`: of the line that names it, or else of the only line when that names nothing. */
function checksumIn(text: string, digest: SideDigest, name: string): string | undefined {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/[\r\n]+/)
    .map((line) => LINE.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, hex, named, bsdNamed, bsdHex]) => ({ hex: (hex ?? bsdHex)!, named: named ?? bsdNamed }))
    .filter(({ hex }) => hex.length === HEX_DIGITS[digest]);
  const line =
    lines.find(({ named }) => named !== undefined && baseName(`/${named}`) === name) ??
    (lines.length === 1 && lines[0]!.named === undefined ? lines[0] : undefined);
  return line?.hex.toLowerCase();
}

/** Whether the arrival is itself a side file: by its name, and by what is in it. */
export async function isChecksumFile(objects: Objects, arrival: Arrival): Promise<boolean> {
  const match = /^(.+)\.(sha512|sha256|sha1|md5)$/i.exec(baseName(arrival.path));
  if (!match || arrival.size > MAX_SIDE_FILE_BYTES) return false;
  const text = (await readWhole(objects, arrival.key, MAX_SIDE_FILE_BYTES, arrival.id)).toString('utf8');
  return checksumIn(text, match[2]!.toLowerCase() as SideDigest, match[1]!) !== undefined;
}

export function checksumFindings(checksums: readonly Checksum[], arrival: Arrival, feed: Feed): Finding[] {
  const findings: Finding[] = [];
  if (feed.accept.checksum === 'required' && checksums.length === 0) {
    findings.push({
      code: 'checksum-missing',
      severity: 'error',
      message: 'this feed wants a checksum file beside each file, and none came in time',
      expected: `one of ${showText(checksumNames(arrival))}`,
    });
  }
  for (const { digest, name, expected } of checksums) {
    if (expected === undefined) {
      findings.push({
        code: 'checksum-unreadable',
        severity: 'error',
        message: `${showText(name)} holds no ${digest} for this file`,
        advice: 'Write it as sha256sum does: the digest in hex, two blanks, the name of the file.',
      });
    } else if (expected !== arrival.digests[digest]) {
      findings.push({
        code: 'checksum-mismatch',
        severity: 'error',
        message: `the bytes are not those that ${showText(name)} is about`,
        expected: `${digest} ${expected}`,
        found: `${digest} ${arrival.digests[digest]}`,
        advice: 'Send the checksum first, then the file, both again.',
      });
    }
  }
  return findings;
}
