import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addPartnerFile } from '../../adapters/partners/add.ts';
import { checkPartnerFiles } from '../../adapters/partners/check.ts';
import { hashPassword, verifyPassword } from '../../core/password.ts';
import { firstPartner, stillHolds } from '../../services/first-partner.ts';

let dataFolder: string;
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'first-'));
});
afterEach(() => rm(dataFolder, { recursive: true }));

const begin = () => {
  const partnersFolder = join(dataFolder, 'partners');
  return firstPartner({ partnersFolder, dataFolder, add: (one) => addPartnerFile(partnersFolder, one) });
};

test('of several that start at once each tells the password that holds', async () => {
  const all = await Promise.all([begin(), begin(), begin()]);
  const { partners } = await checkPartnerFiles(join(dataFolder, 'partners'));
  expect(partners).toHaveLength(1);
  const hash = partners[0]!.logins[0]!.password!;
  for (const one of all) expect(await verifyPassword(one!.password, hash)).toBe(true);
  expect(await readdir(dataFolder)).toEqual(['acme.password', 'partners']);
});

test('a start that was cut short before there was a partner is made good by the next', async () => {
  const first = await begin();
  await rm(join(dataFolder, 'partners'), { recursive: true });
  expect(await begin()).toEqual(first);
  expect(await readFile(first!.passwordFile, 'utf8')).toBe(first!.password);
});

test("partners of the operator's own are left alone", async () => {
  const partnersFolder = join(dataFolder, 'partners');
  const hash = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`;
  await addPartnerFile(partnersFolder, { name: 'mine', user: 'mine', hash, delivered: 'x' });
  expect(await begin()).toBeUndefined();
  expect(await readdir(partnersFolder)).toEqual(['mine.yaml']);
});

test('its password is told of only as long as it holds', async () => {
  const first = (await begin())!;
  const { partners } = await checkPartnerFiles(join(dataFolder, 'partners'));
  const [partner] = partners;
  const [login] = partner!.logins;
  const having = (password: string) => ({
    login: () => ({ partner: partner!, login: { ...login!, password } }),
  });
  expect(await stillHolds(first, having(login!.password!))).toBe(true);
  expect(await stillHolds(first, having(await hashPassword('another')))).toBe(false);
  expect(await stillHolds(first, { login: () => undefined })).toBe(false);
});
