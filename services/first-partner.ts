import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword } from '../core/password.ts';

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
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    await mkdir(place.dataFolder, { recursive: true });
    await writeFile(passwordFile, password, { mode: 0o600 });
    const delivered = join(place.dataFolder, 'delivered');
    await place.add({ name: NAME, user: NAME, hash: await hashPassword(password), delivered });
  }
  try {
    return { user: NAME, password: await readFile(passwordFile, 'utf8'), passwordFile };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
