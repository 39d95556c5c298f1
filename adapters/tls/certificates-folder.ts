import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../core/fault.ts';
import type { Certificates, KeyPair } from '../../core/ports/certificates.ts';
import type { Log } from '../../core/ports/log.ts';
import { watchFolder } from '../watch-folder.ts';
import { isOutOfDate, keyPair } from './key-pair.ts';
import { readSmallFile, stampOf } from './small-file.ts';

export interface CertificatesFolderOptions {
  /** `<name>.crt` with its chain and `<name>.key` each, PEM. `default` is the first, or else the first by name. */
  readonly folder: string;
  readonly log: Log;
}

const MAX_PAIRS = 1000;

/**
 * Certificates from a folder, read again when it changes. Throws `bad-argument` when one of them cannot be used now; one
 * that is wrong later is logged, and the one of that name that was right before stays.
 */
export async function openCertificatesFolder(options: CertificatesFolderOptions): Promise<Certificates> {
  const { folder, log } = options;
  let seen = await stampOf(folder);
  let { pairs, faults } = await readPairs(folder, []);
  if (faults.length > 0) {
    throw new Fault('bad-argument', faults.join('; '));
  }
  let logged = '';

  const warnOfOld = (): void => {
    for (const pair of pairs) {
      if (isOutOfDate(pair, Date.now())) log.warn({ certificate: pair.name }, 'certificate is out of date');
    }
  };
  warnOfOld();

  const reload = async (certain: boolean): Promise<void> => {
    // The stamp is of before the reading: what changes meanwhile is read again.
    const stamp = await stampOf(folder);
    if (!certain && stamp === seen) return;
    seen = stamp;
    const read = await readPairs(folder, pairs);
    if (JSON.stringify(read.pairs) !== JSON.stringify(pairs)) {
      pairs = read.pairs;
      log.info({ certificates: pairs.map(({ name }) => name) }, 'read the certificates again');
      warnOfOld();
    }
    faults = read.faults;
    const text = faults.join('\n');
    if (text !== '' && text !== logged) {
      log.error({ faults }, 'certificates are not valid; what was valid before stays in force');
    }
    logged = text;
  };
  const watch = watchFolder(folder, reload);
  return { current: () => pairs, close: () => watch.close() };
}

/** The pairs that can be used, in place of one that cannot that of `before`; what is wrong, as `path: why`. */
async function readPairs(folder: string, before: readonly KeyPair[]) {
  const faults: string[] = [];
  const fault = (path: string, thrown: unknown): void => {
    faults.push(`${path}: ${(thrown as Error).message}`);
  };
  let names: string[];
  try {
    names = await namesIn(folder);
  } catch (thrown) {
    fault(folder, thrown);
    return { pairs: before, faults };
  }
  const pairs: KeyPair[] = [];
  for (const name of names) {
    const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    try {
      pairs.push(keyPair(name, await readSmallFile(certificate), await readSmallFile(key)));
    } catch (thrown) {
      fault(certificate, thrown);
      const kept = before.find((pair) => pair.name === name);
      if (kept) pairs.push(kept);
    }
  }
  return { pairs: pairs.length > 0 ? pairs : before, faults };
}

/** Names that have a certificate, the default one first. */
async function namesIn(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => /^[^.].*\.crt$/.test(file));
  if (files.length === 0) throw new Error('there is no <name>.crt in it');
  if (files.length > MAX_PAIRS) throw new Error(`there are more than ${MAX_PAIRS} certificates in it`);
  const names = files.map((file) => file.slice(0, -'.crt'.length)).sort();
  return [...names.filter((name) => name === 'default'), ...names.filter((name) => name !== 'default')];
}
