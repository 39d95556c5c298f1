import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword, verifyPassword } from '../core/password.ts';
import type { Partners } from '../core/ports/partners.ts';

/** Someone to try Landfall as: made where there is no partner at all. */
export interface FirstPartner {
  readonly user: string;
  readonly password: string;
  /** Where the password is kept. */
  readonly passwordFile: string;
}

const NAME = 'acme';
/** Bytes of its password: 96 bits, 16 characters that need no quoting in a URL. */
const PASSWORD_BYTES = 12;

export interface FirstPartnerPlace {
  readonly partnersFolder: string;
  readonly dataFolder: string;
  readonly add: (partner: { name: string; user: string; hash: string; delivered: string }) => Promise<string>;
}

/**
 * The partner that Landfall made at its first start, with the password that it keeps beside its data for that purpose
 * (mode 600); undefined where partners are the operator's own.
 */
export async function firstPartner(place: FirstPartnerPlace): Promise<FirstPartner | undefined> {
  const passwordFile = join(place.dataFolder, `${NAME}.password`);
  await mkdir(place.partnersFolder, { recursive: true });
  if ((await readdir(place.partnersFolder)).length === 0) {
    await mkdir(place.dataFolder, { recursive: true });
    await keepPassword(passwordFile);
    const hash = await hashPassword(await readFile(passwordFile, 'utf8'));
    const delivered = join(place.dataFolder, 'delivered');
    // Another process that starts on the same folder may have made it.
    await place.add({ name: NAME, user: NAME, hash, delivered }).catch(unlessExists);
  }
  try {
    return { user: NAME, password: await readFile(passwordFile, 'utf8'), passwordFile };
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Whether the password is still the partner's: an operator may have changed it, or removed the partner. */
export async function stillHolds(first: FirstPartner, partners: Pick<Partners, 'login'>): Promise<boolean> {
  const hash = partners.login(first.user)?.login.password;
  return hash !== undefined && verifyPassword(first.password, hash);
}

/** Whole at once, and never another one's place: whoever comes second goes on with the password that is there. */
async function keepPassword(file: string): Promise<void> {
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, randomBytes(PASSWORD_BYTES).toString('base64url'), { mode: 0o600 });
  try {
    await link(own, file);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  } finally {
    await unlink(own);
  }
}

const codeOf = (thrown: unknown): unknown => (thrown as NodeJS.ErrnoException).code;

function unlessExists(thrown: unknown): void {
  if (codeOf(thrown) !== 'exists') throw thrown;
}
