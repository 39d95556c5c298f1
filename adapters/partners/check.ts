import { Buffer } from 'node:buffer';
import { constants, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Partner } from '../../core/partner.ts';
import { showBytes } from '../../core/units.ts';
import type { PartnerFault } from './fault.ts';
import { type ParsedFile, parsePartner } from './parse.ts';

const MAX_FILES = 5_000;
const MAX_FILE_BYTES = 256 * 1024;

export interface CheckedFiles {
  /** Those of the files without a fault. */
  readonly partners: readonly Partner[];
  readonly faults: readonly PartnerFault[];
}

/** The partner files of a folder, sorted. Names that begin with a dot are editors' and Kubernetes' own. */
export async function partnerFilesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  return names.map((name) => join(folder, name));
}

/** Reads all partner files of the folder and finds everything that is wrong with them. */
export async function checkPartnerFiles(folder: string): Promise<CheckedFiles> {
  const files = await partnerFilesIn(folder);
  if (files.length > MAX_FILES) {
    return { partners: [], faults: [aboutFile(folder, `has more than ${MAX_FILES} partner files`)] };
  }
  const parsed: ParsedFile[] = [];
  for (const file of files) parsed.push(await readPartner(file));
  return {
    partners: parsed.flatMap(({ partner }) => partner ?? []),
    faults: [...parsed.flatMap(({ faults }) => faults), ...sharedNames(parsed)],
  };
}

async function readPartner(file: string): Promise<ParsedFile> {
  try {
    const bytes = await readBounded(file);
    if (bytes.length > MAX_FILE_BYTES) return unread(file, `is larger than ${showBytes(MAX_FILE_BYTES)}`);
    return parsePartner(file, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    return unread(file, `cannot be read: ${(thrown as Error).message}`);
  }
}

/** The file's bytes, one more than allowed at most. */
async function readBounded(file: string): Promise<Buffer> {
  // A pipe or a device would never end; a pipe that nobody writes to would not even open.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a file');
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

const aboutFile = (file: string, message: string): PartnerFault => ({
  file,
  line: 1,
  column: 1,
  field: '',
  message,
});

const unread = (file: string, message: string): ParsedFile => ({
  file,
  faults: [aboutFile(file, message)],
  at: () => ({ line: 1, column: 1 }),
});

/** Partners' names and logins that another file has already. */
function sharedNames(parsed: readonly ParsedFile[]): PartnerFault[] {
  const faults: PartnerFault[] = [];
  const first = new Map<string, string>();
  for (const { file, partner, at } of parsed) {
    if (!partner) continue;
    const claim = (kind: string, name: string, path: PropertyKey[], field: string): void => {
      const place = at(path);
      const other = first.get(`${kind} ${name}`);
      if (other === undefined) first.set(`${kind} ${name}`, `${file}:${place.line}`);
      else faults.push({ file, ...place, field, message: `${kind} "${name}" is at ${other} already` });
    };
    claim('partner', partner.name, ['name'], 'name');
    for (const [index, { user }] of partner.logins.entries()) {
      claim('user', user, ['logins', index, 'user'], `logins[${index}].user`);
    }
  }
  return faults;
}
