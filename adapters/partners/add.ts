import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../core/fault.ts';
import { checkPartnerFiles } from './check.ts';
import { parsePartner } from './parse.ts';

export interface NewPartner {
  readonly name: string;
  readonly user: string;
  /** A password hash. */
  readonly hash: string;
  /** The folder under which its files are delivered, in a folder a feed. */
  readonly delivered: string;
}

/**
 * Writes the file of a new partner, with a feed to start from, and answers its name. Throws `bad-argument` for a name
 * or a user that the schema refuses, `exists` where the file, the name or the user is taken.
 */
export async function addPartnerFile(folder: string, partner: NewPartner): Promise<string> {
  const file = join(folder, `${partner.name}.yaml`);
  const text = partnerText(partner);
  const [fault] = parsePartner(file, text).faults;
  if (fault) throw new Fault('bad-argument', `${fault.field}: ${fault.message}`);
  await mkdir(folder, { recursive: true });
  const { partners } = await checkPartnerFiles(folder);
  if (partners.some(({ name }) => name === partner.name))
    throw new Fault('exists', `there is a partner ${partner.name} already`);
  if (partners.some(({ logins }) => logins.some(({ user }) => user === partner.user))) {
    throw new Fault('exists', `there is a user ${partner.user} already`);
  }
  try {
    // It holds a password's hash.
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Fault('exists', `there is a ${file} already`);
    throw thrown;
  }
  return file;
}

const partnerText = ({ name, user, hash, delivered }: NewPartner): string => `name: ${JSON.stringify(name)}
logins:
  - user: ${JSON.stringify(user)}
    password: ${hash}
# Addresses or networks that it may come from; anywhere when this is missing.
# addresses: [192.0.2.0/24]
feeds:
  # The first feed whose path matches has the file.
  - name: orders
    path: /in/*.{x12,edi}
    accept:
      format: x12
    acknowledge:
      x12: always
    deliver:
      - to: folder
        name: local
        path: ${JSON.stringify(join(delivered, 'orders'))}
  - name: inbox
    path: /in/**
    # required: nothing goes on before the virus scanner has passed it. off: not scanned.
    scan: required
    deliver:
      - to: folder
        name: local
        path: ${JSON.stringify(join(delivered, 'inbox'))}
`;
