import { describe, expect, test } from 'vitest';
import { actions, feedFor, feedNamed, type Partner, partnerFile, rootOf } from '../../core/partner.ts';
import { allows, isDropBox } from '../../core/permissions.ts';
import { minimalPartner } from '../support/a-partner.ts';

const minimal = minimalPartner;
const secret = `whsec_${'A'.repeat(32)}`;
const withTarget = (target: object) => ({
  ...minimal,
  feeds: [{ name: 'orders', path: '/in/*', deliver: [{ name: 'erp', ...target }] }],
});
/** Where and why, as an operator reads it. */
const faultsOf = (file: unknown): string[] =>
  partnerFile.safeParse(file).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe("a partner's file", () => {
  test('needs a name and a login, all else has its default', () => {
    expect(partnerFile.parse(minimal)).toMatchObject({
      enabled: true,
      existing: 'replace',
      digests: ['sha256'],
      limits: { sessions: 100 },
      feeds: [],
    });
    expect(rootOf(partnerFile.parse(minimal))).toBe('acme');
    expect(rootOf(partnerFile.parse({ ...minimal, root: 'shared' }))).toBe('shared');
  });

  test.each<[string, object, RegExp]>([
    ['name', { name: 'Acme/..' }, /^name: lower-case/],
    ['no login', { logins: [] }, /^logins: /],
    ['password in clear', { logins: [{ user: 'a', password: 'p' }] }, /^logins\.0\.password: /],
    ['unknown field', { colour: 'red' }, /colour/],
    ['address', { addresses: ['10.0.0.0/99'] }, /^addresses\.0: /],
    ['folder', { folders: ['/in/../..'] }, /^folders\.0: no \. or \.\./],
    ['size', { limits: { fileSize: 'big' } }, /^limits\.fileSize: must be a size/],
  ])('a wrong %s is named', (_, wrong, message) =>
    expect(faultsOf({ ...minimal, ...wrong })[0]).toMatch(message),
  );

  test.each(['unclaimed', 'temporary'])('no feed is called %s, as one of Landfall itself is', (name) => {
    expect(faultsOf({ ...minimal, feeds: [{ name, path: '/in/*' }] })).toEqual([
      expect.stringMatching(/^feeds\.0\.name: .*Landfall's own/),
    ]);
  });

  test('names are there once', () => {
    const login = minimal.logins[0];
    const target = { to: 'folder', name: 'erp', path: 'x' };
    const feed = { name: 'orders', path: '/in/*', deliver: [target, target] };
    expect(faultsOf({ ...minimal, logins: [login, login], feeds: [feed, feed] })).toEqual([
      'logins.1.user: user "a" is there twice',
      'feeds.1.name: feed "orders" is there twice',
      'feeds.0.deliver.1.name: target "erp" is there twice',
      'feeds.1.deliver.1.name: target "erp" is there twice',
    ]);
  });

  test.each(['archive', 'archive/{partner}/{feed}/{date}/{arrival}', 'files-of-old', 'a/files'])(
    'prefix %s is good',
    (prefix) => expect(faultsOf(withTarget({ to: 'store', prefix }))).toEqual([]),
  );
  test.each([
    ['files/other/in', /folder of Landfall's own: files\/, ledger\/, quarantine\/, \.landfall\//],
    ['ledger', /folder of Landfall's own/],
    ['quarantine/x', /folder of Landfall's own/],
    ['.landfall/kept', /folder of Landfall's own/],
    ['{partner}/x', /the first folder must hold no placeholder/],
    ['a/{customer}', /placeholders are \{partner\} \{feed\} \{date\} \{arrival\}/],
    ['a/{partner', /placeholders are/],
    ['a/../ledger', /no \. or \.\./],
    ['/a', /without outer slashes/],
    ['a//b', /without outer slashes/],
  ])('prefix %s is not', (prefix, message) => {
    const [fault] = faultsOf(withTarget({ to: 'store', prefix }));
    expect(fault).toMatch(/^feeds\.0\.deliver\.0\.prefix: /);
    expect(fault).toMatch(message);
  });

  test.each(['0 s', '25 h', '100 d'])('a webhook does not take %s', (timeout) => {
    const hook = { to: 'webhook', url: 'https://erp.example', secret, timeout };
    expect(faultsOf(withTarget(hook))).toEqual([expect.stringMatching(/timeout: .*at most 1 h/)]);
  });

  test('webhooks: http or https, a secret of the standard, no password in the address', () => {
    const hook = (url: string, other = secret) => faultsOf(withTarget({ to: 'webhook', url, secret: other }));
    expect(hook('https://erp.example/in?a=b@c')).toEqual([]);
    expect(hook('ftp://erp.example')).toHaveLength(1);
    expect(hook('https://me:word@erp.example')[0]).toMatch('no user and password');
    expect(hook('https://erp.example', 'whsec_short')[0]).toMatch('base64 of 24 to 64 bytes');
  });
});

describe('a partner that anybody may log in as', () => {
  const anybody = { ...minimal, logins: [{ user: 'anonymous', anonymous: true }] };

  test('lists and reads, never replaces, has no standing folders, few sessions from one address', () => {
    const partner = partnerFile.parse(anybody);
    expect(actions.filter((action) => allows(partner, action, '/pub/x'))).toEqual(['list', 'read']);
    expect(partner).toMatchObject({ folders: [], existing: 'refuse', limits: { sessionsPerAddress: 5 } });
    const other = partnerFile.parse(minimal);
    expect(other).toMatchObject({ folders: ['/in', '/out'], existing: 'replace' });
    expect(other.limits.sessionsPerAddress).toBeUndefined();
  });

  test.each(['/incoming', '/'])('may have %s as a drop box', (folder) => {
    const permissions = [{ folder, allow: ['write'] }];
    const partner = partnerFile.parse({ ...anybody, permissions });
    expect(actions.filter((action) => allows(partner, action, '/incoming/x'))).toEqual(['write']);
    expect(isDropBox(partner, '/incoming/x')).toBe(true);
  });

  test('has nothing but that folder as a drop box', () => {
    const partner = partnerFile.parse({
      ...anybody,
      permissions: [{ folder: '/incoming', allow: ['write'] }],
    });
    expect(isDropBox(partner, '/pub')).toBe(false);
  });

  test.each([
    [['write', 'read']],
    [['write', 'list']],
    [['write', 'delete']],
    [['write', 'rename']],
    [['write', 'make']],
    [['read', 'delete']],
    [['make']],
  ])('has no folder for %s', (allow) => {
    expect(faultsOf({ ...anybody, permissions: [{ folder: '/pub', allow }] })).toEqual([
      expect.stringMatching(/^permissions\.0\.allow: .*drop box/),
    ]);
  });

  test('has no login of another kind', () => {
    expect(faultsOf({ ...anybody, logins: [...anybody.logins, minimal.logins[0]] })).toEqual([
      expect.stringMatching(/^logins\.1: .*no other logins/),
    ]);
    expect(faultsOf({ ...anybody, logins: [{ ...minimal.logins[0], anonymous: true }] })).toEqual([
      expect.stringMatching(/^logins\.0: .*only anonymous/),
    ]);
  });
});

describe('logins', () => {
  const print = 'AB:'.repeat(31).concat('CD');
  const faults = (login: object) => faultsOf({ ...minimal, logins: [{ user: 'a', ...login }] });

  test('a certificate is known by its fingerprint, however it is written', () => {
    const logins = [{ user: 'a', certificate: print }];
    expect(partnerFile.parse({ ...minimal, logins }).logins[0]!.certificate).toBe(
      'ab'.repeat(31).concat('cd'),
    );
    expect(faults({ certificate: print.slice(3) })[0]).toMatch(/^logins\.0\.certificate: .*32 bytes/);
  });

  test('need something to show', () => {
    expect(faults({})).toEqual([expect.stringMatching(/needs a password, a certificate or both/)]);
    expect(faults({ anonymous: false })[0]).toMatch(/anonymous/);
  });
});

describe('feeds and permissions', () => {
  const partner: Partner = partnerFile.parse({
    ...minimal,
    permissions: [
      { folder: '/', allow: ['list'] },
      { folder: '/in', allow: ['list', 'write'] },
      { folder: '/in/deep', allow: [] },
    ],
    feeds: [
      { name: 'orders', path: '/in/*.x12' },
      { name: 'rest', path: '/in/**' },
    ],
  });

  test('the first feed that matches has the file, hidden names too', () => {
    expect(feedFor(partner, '/in/po.x12').name).toBe('orders');
    expect(feedFor(partner, '/in/.po.x12').name).toBe('orders');
    expect(feedFor(partner, '/in/a/po.x12').name).toBe('rest');
    expect(feedFor(partner, '/out/po.x12').name).toBe('unclaimed');
    expect(feedNamed(partner, 'unclaimed')?.scan).toBe('required');
    expect(feedNamed(partner, 'gone')).toBeUndefined();
  });

  test('the deepest folder decides, and only whole names count', () => {
    expect(allows(partner, 'write', '/in/x')).toBe(true);
    expect(allows(partner, 'write', '/in')).toBe(true);
    expect(allows(partner, 'write', '/inbox')).toBe(false);
    expect(allows(partner, 'list', '/in/deep/x')).toBe(false);
    expect(allows(partnerFile.parse(minimal), 'delete', '/x')).toBe(true);
  });

  test.each([
    '.po.x12.filepart',
    'po.x12.PART',
    'po.x12.1a2b3c4d.partial',
    'po.x12.writing',
    '.in.po.x12.',
    'po.tmp',
  ])('senders write %s before they rename it', async (name) => {
    const { isTemporaryName } = await import('../../core/paths.ts');
    expect(isTemporaryName(`/in/${name}`, partner.temporary)).toBe(true);
  });
});
