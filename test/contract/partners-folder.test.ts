import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addPartnerFile } from '../../adapters/partners/add.ts';
import { checkPartnerFiles } from '../../adapters/partners/check.ts';
import { openPartnersFolder } from '../../adapters/partners/folder.ts';
import { parsePartner } from '../../adapters/partners/parse.ts';
import type { Log } from '../../core/ports/log.ts';
import { quietLog } from '../support/quiet-log.ts';
import { partnersContract, partnerYaml } from './partners-contract.ts';

const WITHIN = { timeout: 20_000, interval: 20 };
const newFolder = () => mkdtemp(join(tmpdir(), 'partners-'));

partnersContract('folder', async () => {
  const folder = await newFolder();
  const logged: string[] = [];
  const log: Log = {
    ...quietLog,
    error: (fields, message) => logged.push(`${message} ${JSON.stringify(fields)}`),
  };
  return {
    logged,
    // As careful editors do: whole beside it, then renamed over it.
    async write(file, text) {
      await writeFile(join(folder, `.${file}.new`), text);
      await rename(join(folder, `.${file}.new`), join(folder, file));
    },
    remove: (file) => rm(join(folder, file)),
    open: () => openPartnersFolder({ folder, log }),
    close: () => rm(folder, { recursive: true }),
  };
});

describe('a folder of partners', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await newFolder();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('is made when it is missing', async () => {
    const partners = await openPartnersFolder({ folder: join(folder, 'a/b'), log: quietLog });
    expect(partners.all()).toEqual([]);
    await partners.close();
    expect(await checkPartnerFiles(join(folder, 'a/b'))).toEqual({ partners: [], faults: [] });
  });

  test('may be links that are swapped all at once, as Kubernetes does', async () => {
    for (const [version, user] of [
      ['..1', 'old'],
      ['..2', 'new'],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'acme.yaml'), partnerYaml('acme', user));
    }
    await symlink('..1', join(folder, '..data'));
    await symlink('..data/acme.yaml', join(folder, 'acme.yaml'));
    const partners = await openPartnersFolder({ folder, log: quietLog });
    expect(partners.login('old')).toBeDefined();
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await vi.waitFor(() => expect(partners.login('new')).toBeDefined(), WITHIN);
    await partners.close();
  });

  test('that goes away leaves the partners it had', async () => {
    await writeFile(join(folder, 'acme.yaml'), partnerYaml('acme'));
    const errors: string[] = [];
    const log: Log = { ...quietLog, error: (_fields, message) => errors.push(message) };
    const partners = await openPartnersFolder({ folder, log });
    await rename(folder, `${folder}-away`);
    await vi.waitFor(() => expect(errors).toHaveLength(1), WITHIN);
    expect(partners.named('acme')).toBeDefined();
    await partners.close();
    await rm(`${folder}-away`, { recursive: true });
  });

  test('what is no readable file is a fault of that file', async () => {
    await mkdir(join(folder, 'folder.yaml'));
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
    await symlink('nowhere', join(folder, 'broken.yaml'));
    await writeFile(join(folder, 'large.yaml'), 'a'.repeat(256 * 1024 + 1));
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0xe4, 0xff]));
    await writeFile(join(folder, '.hidden.yaml'), 'name: [');
    await writeFile(join(folder, 'notes.txt'), 'name: [');
    const { faults } = await checkPartnerFiles(folder);
    expect(faults.map(({ file }) => file.slice(folder.length + 1))).toEqual([
      'broken.yaml',
      'folder.yaml',
      'large.yaml',
      'latin1.yaml',
      'pipe.yaml',
    ]);
  });

  test('takes a new partner, once', async () => {
    const delivered = join(folder, 'delivered');
    const hash = /\$scrypt\S+/.exec(partnerYaml('x'))![0];
    const file = await addPartnerFile(folder, { name: 'acme', user: 'A: "b" #c', hash, delivered });
    const { partners, faults } = await checkPartnerFiles(folder);
    expect(faults).toEqual([]);
    expect(partners[0]?.logins).toEqual([{ user: 'A: "b" #c', password: hash }]);
    expect(file).toBe(join(folder, 'acme.yaml'));
    await expect(addPartnerFile(folder, { name: 'acme', user: 'z', hash, delivered })).rejects.toMatchObject({
      code: 'exists',
    });
    const sameUser = addPartnerFile(folder, { name: 'other', user: 'A: "b" #c', hash, delivered });
    await expect(sameUser).rejects.toMatchObject({ code: 'exists' });
    for (const name of ['../up', 'UP', '', 'a/b']) {
      const refused = addPartnerFile(folder, { name, user: 'z', hash, delivered });
      await expect(refused).rejects.toMatchObject({ code: 'bad-argument' });
    }
  });
});

describe('a partner file', () => {
  const faultsOf = (text: string) =>
    parsePartner('f', text).faults.map(
      ({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`,
    );

  test('never shows what may be a secret', () => {
    const faults = faultsOf('name: a\nlogins: [{user: a, password: hunter2}]\n');
    expect(faults.join()).toMatch(/2:30 logins\[0\]\.password: must be/);
    expect(faults.join()).not.toContain('hunter2');
  });

  test('says what is missing, what was found and what is allowed', () => {
    expect(faultsOf(partnerYaml('a', 'a', 'feeds:\n  - name: f\n    scan: maybe\n'))).toEqual([
      '6:5 feeds[0].path: is missing',
      '7:11 feeds[0].scan: must be required or off, found "maybe"',
    ]);
  });

  test.each([
    ['limits: {sessions: 0}', '5:20 limits.sessions: must be more than 0, found 0'],
    ['limits: {sessions: 1.5}', '5:20 limits.sessions: must be a whole number, found 1.5'],
    [
      'limits: {fileSize: 5 lots}',
      '5:20 limits.fileSize: must be a size such as 4096, 64 KiB or 10 GB, found "5 lots"',
    ],
    ['feeds: all', '5:8 feeds: must be a list, found "all"'],
    ['feeds: [{name: f, path: in/*}]', '5:25 feeds[0].path: must start with /, found "in/*"'],
    [
      "feeds: [{name: f, path: '/in/*.{x12'}]",
      expect.stringMatching(/^5:25 feeds\[0\]\.path: has a \{ without its \}; .*, found "\/in\/\*\.\{x12"$/),
    ],
    [
      'feeds: [{name: f, path: /, deliver: [{to: ftp}]}]',
      '5:43 feeds[0].deliver[0].to: must be folder, store or webhook, found "ftp"',
    ],
    ['feeds: [{name: f, path: /}, {name: f, path: /}]', '5:36 feeds[1].name: feed "f" is there twice'],
    ['permision: []', '5:1 permision: there is no such field; is permissions meant?'],
    ['limits: {colour: 1}', expect.stringMatching(/^5:10 limits\.colour: .*; there are sessions, /)],
  ])('says of %s what is right', (text, fault) => {
    expect(faultsOf(partnerYaml('a', 'a', `${text}\n`))).toEqual([fault]);
  });

  test.each([
    ['nothing', ''],
    ['a list', '- 1'],
    ['two documents', 'name: a\n---\nname: b\n'],
    ['endless nesting', '['.repeat(100_000)],
    [
      'aliases of aliases',
      `a: &a [${'x,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
    ],
    ['an alias of itself', 'a: &a [*a]'],
    ['a missing alias', 'a: *b'],
    ['a tag', 'name: !!js/function x'],
    ['a key of __proto__', partnerYaml('a', 'a', '__proto__: {enabled: false}\n')],
  ])('of %s is wrong, in few words', (_what, text) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThanOrEqual(20);
  });
});
