import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { asciiJson } from '../../core/ascii-json.ts';
import { hashPassword } from '../../core/password.ts';
import { safeText } from '../../core/safe-text.ts';
import { type Command, textOf, UsageError } from './command.ts';
import { counted, sayOne, sayRows } from './output.ts';

/** Bytes of a generated password: 144 bits, 24 characters. */
const GENERATED_BYTES = 18;

const list: Command = {
  name: 'partners list',
  usage: '',
  about: 'the partners, their logins and feeds',
  options: {},
  words: [0, 0],
  async run(_words, _values, { partnerFiles, terminal }) {
    const { partners, faults } = await partnerFiles.check();
    const rows = partners.map(({ name, enabled, logins, feeds, addresses }) => ({
      name,
      enabled,
      logins: logins.map(({ user }) => user),
      feeds: feeds.map((feed) => feed.name),
      addresses,
    }));
    sayRows(terminal, ['name', 'enabled', 'logins', 'feeds', 'addresses'], rows, 'no partners');
    if (faults.length > 0 && !terminal.json)
      terminal.say(`${counted(faults.length, 'fault')}: see partners check`);
    return faults.length > 0 ? 1 : 0;
  },
};

const check: Command = {
  name: 'partners check',
  usage: '',
  about: "everything that is wrong in the partners' files; exit code 1 if anything is",
  options: {},
  words: [0, 0],
  async run(_words, _values, { partnerFiles, terminal }) {
    const { partners, faults } = await partnerFiles.check();
    for (const { text, ...fault } of faults) terminal.say(terminal.json ? asciiJson(fault) : safeText(text));
    if (faults.length === 0 && !terminal.json)
      terminal.say(`${counted(partners.length, 'partner')}, nothing wrong`);
    return faults.length > 0 ? 1 : 0;
  },
};

const add: Command = {
  name: 'partners add',
  usage: 'NAME [--user USER] [--password PASSWORD]',
  about: "writes a new partner's file; without a password makes one and shows it once",
  options: { user: { type: 'string' }, password: { type: 'string' } },
  words: [1, 1],
  async run([name = ''], values, { config, partnerFiles, terminal }) {
    const given = textOf(values, 'password');
    if (given === '') throw new UsageError('the password is empty');
    const user = textOf(values, 'user') ?? name;
    const password = given ?? randomBytes(GENERATED_BYTES).toString('base64url');
    const delivered = join(config.LANDFALL_DATA, 'delivered', name);
    const file = await partnerFiles.add({ name, user, hash: await hashPassword(password), delivered });
    const generated = given === undefined ? { password } : {};
    sayOne(terminal, { name, user, file, ...generated }, [
      `wrote ${safeText(file)}`,
      `user      ${safeText(user)}`,
      ...(given === undefined ? [`password  ${password}   (shown this once)`] : []),
    ]);
    return 0;
  },
};

const hash: Command = {
  name: 'partners hash',
  usage: '',
  about: 'the hash of a password, read from standard input or typed unseen',
  options: {},
  words: [0, 0],
  async run(_words, _values, { terminal }) {
    const password = await terminal.readSecret('Password: ');
    if (password === '') throw new UsageError('the password is empty');
    const hashed = await hashPassword(password);
    sayOne(terminal, { hash: hashed }, [hashed]);
    return 0;
  },
};

export const partnerCommands: readonly Command[] = [list, add, hash, check];
