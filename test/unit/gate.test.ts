import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { isAddressAllowed, senderOf } from '../../core/addresses.ts';
import { createGate } from '../../core/gate.ts';
import { loginPenaltyMs } from '../../core/login-penalty.ts';
import { type Partner, partnerFile } from '../../core/partner.ts';
import { hashPassword } from '../../core/password.ts';
import { createVerified } from '../../core/verified.ts';

const scryptRuns = vi.hoisted(() => ({ count: 0, now: 0, most: 0 }));
vi.mock('../../core/password.ts', async (original) => {
  const real = await original<typeof import('../../core/password.ts')>();
  return {
    ...real,
    async verifyPassword(password: string, hash: string) {
      scryptRuns.count += 1;
      scryptRuns.now += 1;
      scryptRuns.most = Math.max(scryptRuns.most, scryptRuns.now);
      return real.verifyPassword(password, hash).finally(() => {
        scryptRuns.now -= 1;
      });
    },
  };
});

const HOME = '192.0.2.7';
const STRANGER = '198.51.100.1';

describe('the gate', () => {
  let hashes: string[];
  let partners: Partner[];
  let nowMs: number;
  const find = {
    all: () => partners,
    login(user: string) {
      for (const partner of partners) {
        const login = partner.logins.find((one) => one.user === user);
        if (login) return { partner, login };
      }
      return undefined;
    },
  };
  const aPartner = (name: string, more: object = {}) =>
    partnerFile.parse({ name, logins: [{ user: name, password: hashes[0] }], ...more });
  const open = () => createGate({ partners: find, fleet: createLocalFleet({ now: () => nowMs }) });

  beforeAll(async () => {
    hashes = [await hashPassword('right'), await hashPassword('new')];
  });
  beforeEach(() => {
    nowMs = 1_000_000;
    partners = [
      aPartner('acme'),
      aPartner('bolt'),
      aPartner('off', { enabled: false }),
      aPartner('near', { addresses: ['192.0.2.0/24', '2001:db8::/32'] }),
    ];
    Object.assign(scryptRuns, { count: 0, now: 0, most: 0 });
  });

  test('a right password comes in', async () => {
    expect((await open().login({ user: 'acme', address: HOME }, 'right')).name).toBe('acme');
    expect((await open().login({ user: 'near', address: '::ffff:192.0.2.9' }, 'right')).name).toBe('near');
    expect((await open().login({ user: 'near', address: '2001:db8::1' }, 'right')).name).toBe('near');
  });

  test.each([
    ['unknown', 'nobody', 'right', HOME, /no such user/],
    ['disabled', 'off', 'right', HOME, /not enabled/],
    ['from a wrong address', 'near', 'right', STRANGER, /address is not one/],
    ['of another password', 'acme', 'wrong', HOME, /password is wrong/],
    ['of an endless name', 'a'.repeat(5_000), 'right', HOME, /no such user/],
    ['of an endless password', 'acme', 'right'.repeat(5_000), HOME, /password is wrong/],
  ])(
    'a login that is %s gets the same answer for the same work, and its reason in the log',
    async (_, user, password, address, why) => {
      const login = open().login({ user: user, address: address }, password);
      await expect(login).rejects.toMatchObject({
        code: 'bad-credentials',
        detail: undefined,
        cause: { message: expect.stringMatching(why) },
      });
      expect(scryptRuns.count).toBe(1);
    },
  );

  describe('partners that demand TLS', () => {
    const demanding = { ftp: { tls: 'control' } };
    test('are not let in without it, with the answer and the work of a wrong password', async () => {
      partners.push(aPartner('safe', { logins: [{ user: 'safe', password: hashes[0] }], ...demanding }));
      const caller = { user: 'safe', address: HOME };
      await expect(open().login({ ...caller, isPlain: true }, 'right')).rejects.toMatchObject({
        code: 'bad-credentials',
        detail: undefined,
        cause: { message: 'the partner demands TLS, and there was none' },
      });
      expect(scryptRuns.count).toBe(1);
      expect((await open().login(caller, 'right')).name).toBe('safe');
      expect(open().demandsTls()).toBe(false);
    });

    test('are all there are, when no other is enabled', () => {
      partners.splice(
        0,
        partners.length,
        aPartner('safe', demanding),
        aPartner('off', { enabled: false, logins: [{ user: 'off', password: hashes[0] }] }),
      );
      expect(open().demandsTls()).toBe(true);
      expect(open().knowsCertificates()).toBe(false);
    });
  });

  describe('certificates', () => {
    const [mine, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
    beforeEach(() => {
      partners.push(
        aPartner('card', { logins: [{ user: 'card', certificate: mine }] }),
        aPartner('both', { logins: [{ user: 'both', certificate: mine, password: hashes[0] }] }),
        aPartner('host', { hosts: ['ftp.example'], logins: [{ user: 'host', certificate: mine }] }),
      );
    });
    const from = (user: string, certificate?: string) => ({ user, address: HOME, certificate });

    test('let in without a password who needs none, whatever is given', async () => {
      const gate = open();
      expect(gate.loginByCertificate(from('card', mine))?.name).toBe('card');
      expect((await gate.login(from('card', mine), 'anything')).name).toBe('card');
      expect(scryptRuns.count).toBe(0);
    });

    test.each([
      ['of somebody else', 'card', other],
      ['that is missing', 'card', undefined],
      ['where a password is needed too', 'both', mine],
      ['where a password only is known', 'acme', mine],
      ['of nobody', 'nobody', mine],
      ['at another host', 'host', mine],
    ])('do not let in by one %s', (_, user, certificate) => {
      expect(open().loginByCertificate(from(user, certificate))).toBeUndefined();
    });

    test.each([
      ['the wrong one and no password', 'card', other, ''],
      ['none', 'card', undefined, 'right'],
      ['the wrong one and the right password', 'both', other, 'right'],
      ['the right one and a wrong password', 'both', mine, 'wrong'],
    ])('with %s the answer costs what others cost', async (_, user, certificate, password) => {
      await expect(open().login(from(user, certificate), password)).rejects.toMatchObject({
        code: 'bad-credentials',
      });
      expect(scryptRuns.count).toBe(1);
    });

    test('a remembered password does not stand for the certificate', async () => {
      const gate = open();
      expect((await gate.login(from('both', mine), 'right')).name).toBe('both');
      await expect(gate.login(from('both', other), 'right')).rejects.toMatchObject({
        code: 'bad-credentials',
      });
    });
  });

  describe('anybody', () => {
    const anybody = (user: string, more: object = {}) =>
      aPartner('pub', { logins: [{ user, anonymous: true }], ...more });

    test.each(['anonymous', 'ftp', 'Anonymous', 'FTP'])('comes in as %s with any password', async (user) => {
      for (const own of ['anonymous', 'ftp']) {
        partners.push(anybody(own));
        expect((await open().login({ user, address: HOME }, 'me@example.com')).name).toBe('pub');
        partners.pop();
      }
      expect(scryptRuns.count).toBe(0);
    });

    test('does not where nobody may, nor from a wrong address, and that costs what others cost', async () => {
      const refused = { code: 'bad-credentials' };
      await expect(open().login({ user: 'ftp', address: HOME }, '')).rejects.toMatchObject(refused);
      partners.push(anybody('ftp', { addresses: ['192.0.2.0/24'] }));
      await expect(open().login({ user: 'ftp', address: STRANGER }, '')).rejects.toMatchObject(refused);
      expect(scryptRuns.count).toBe(2);
    });

    test('other names are not another way in, and a login called ftp keeps its password', async () => {
      partners.push(anybody('guest'));
      expect((await open().login({ user: 'guest', address: HOME }, 'x')).name).toBe('pub');
      partners.push(aPartner('ftp'));
      for (const user of ['ftp', 'anonymous', 'FTP']) {
        await expect(open().login({ user, address: HOME }, 'x')).rejects.toMatchObject({
          code: 'bad-credentials',
        });
      }
      expect(open().loginByCertificate({ user: 'guest', address: HOME, certificate: 'ab'.repeat(32) })).toBe(
        undefined,
      );
    });
  });

  test('a partner of other hosts is not found at this one', async () => {
    partners.push(aPartner('virtual', { hosts: ['ftp.example'] }));
    const at = (host?: string) => open().login({ user: 'virtual', address: HOME, host }, 'right');
    expect((await at('ftp.example')).name).toBe('virtual');
    for (const host of [undefined, 'other.example']) {
      await expect(at(host)).rejects.toMatchObject({ code: 'bad-credentials' });
    }
    expect(scryptRuns.count).toBe(3);
  });

  test('knows which further addresses of partners hold one', () => {
    const dataAddresses = ['203.0.113.0/24', '203.0.113.9', '2001:db8::/32'];
    partners = [aPartner('acme'), aPartner('bolt', { ftp: { dataAddresses } })];
    expect(open().dataAddressesOf('203.0.113.9')).toEqual(['203.0.113.0/24', '203.0.113.9']);
    expect(open().dataAddressesOf('2001:db8::7')).toEqual(['2001:db8::/32']);
    expect(open().dataAddressesOf(STRANGER)).toEqual([]);
    expect(open().dataAddressesOf('203.0.0.0/16')).toEqual(['203.0.113.0/24', '203.0.113.9']);
    expect(open().dataAddressesOf('203.0.113.128/25')).toEqual(['203.0.113.0/24']);
    expect(open().dataAddressesOf('198.51.100.0/24')).toEqual([]);
  });

  test('hosts are known by those who may log in there', () => {
    expect(open().knowsHost('any.example')).toBe(true);
    partners = [
      aPartner('virtual', { hosts: ['ftp.example'] }),
      aPartner('off', { enabled: false, hosts: ['off.example'] }),
    ];
    expect(['ftp.example', 'off.example', 'any.example'].map((host) => open().knowsHost(host))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('a right password from a wrong address costs its work even when it was right elsewhere just now', async () => {
    const gate = open();
    await gate.login({ user: 'near', address: HOME }, 'right');
    await expect(gate.login({ user: 'near', address: STRANGER }, 'right')).rejects.toMatchObject({
      code: 'bad-credentials',
    });
    expect(scryptRuns.count).toBe(2);
  });

  test('who logs in for every file pays once, until the hash changes', async () => {
    const gate = open();
    for (let file = 0; file < 20; file += 1) await gate.login({ user: 'acme', address: HOME }, 'right');
    await Promise.all(Array.from({ length: 20 }, () => gate.login({ user: 'acme', address: HOME }, 'right')));
    expect(scryptRuns.count).toBe(1);
    partners[0] = aPartner('acme', { logins: [{ user: 'acme', password: hashes[1] }] });
    await expect(gate.login({ user: 'acme', address: HOME }, 'right')).rejects.toMatchObject({
      code: 'bad-credentials',
    });
    expect((await gate.login({ user: 'acme', address: HOME }, 'new')).name).toBe('acme');
  });

  test('many first logins at once from one address run scrypt once', async () => {
    const gate = open();
    await Promise.all(
      Array.from({ length: 100 }, () => gate.login({ user: 'acme', address: HOME }, 'right')),
    );
    expect(scryptRuns.count).toBe(1);
  });

  test('guesses in parallel do not pass before the first failures count', async () => {
    const gate = open();
    const guesses = Array.from({ length: 200 }, (_, guess) =>
      gate.login({ user: 'acme', address: STRANGER }, `guess ${guess}`),
    );
    const codes = (await Promise.allSettled(guesses)).map(
      (one) => (one as PromiseRejectedResult).reason.code,
    );
    expect(codes.filter((code) => code === 'bad-credentials').length).toBeLessThanOrEqual(3);
    expect(codes.filter((code) => code === 'limit-reached').length).toBeGreaterThanOrEqual(197);
    expect(scryptRuns.count).toBeLessThanOrEqual(3);
  });

  test('a stranger elsewhere cannot lock a partner out', async () => {
    const gate = open();
    const guess = () => gate.login({ user: 'acme', address: STRANGER }, 'wrong').catch((fault) => fault.code);
    for (let count = 0; count < 3; count += 1) expect(await guess()).toBe('bad-credentials');
    for (let count = 3; count < 12; count += 1) {
      nowMs += 5 * 60_000;
      await guess();
    }
    expect(await guess()).toBe('limit-reached');
    expect((await gate.login({ user: 'acme', address: HOME }, 'right')).name).toBe('acme');
  });

  test('who is delayed cannot tell a right guess, even one that is remembered', async () => {
    const gate = open();
    await gate.login({ user: 'acme', address: HOME }, 'right');
    for (let count = 0; count < 9; count += 1) {
      nowMs += 5 * 60_000;
      await gate.login({ user: 'acme', address: STRANGER }, 'wrong').catch(() => undefined);
    }
    await expect(gate.login({ user: 'acme', address: STRANGER }, 'right')).rejects.toMatchObject({
      code: 'limit-reached',
    });
  });

  test('many who try the same wrong password from one address at once have tried once', async () => {
    const gate = open();
    const guesses = Array.from({ length: 50 }, () => gate.login({ user: 'acme', address: HOME }, 'wrong'));
    const codes = (await Promise.allSettled(guesses)).map(
      (one) => (one as PromiseRejectedResult).reason.code,
    );
    expect(codes).toEqual(codes.map(() => 'bad-credentials'));
    expect(scryptRuns.count).toBe(1);
    expect((await gate.login({ user: 'acme', address: HOME }, 'right')).name).toBe('acme');
  });

  test('who is disabled while the password is looked at does not come in', async () => {
    const login = open().login({ user: 'acme', address: HOME }, 'right');
    await vi.waitUntil(() => scryptRuns.now > 0, { interval: 1 });
    partners[0] = aPartner('acme', { enabled: false });
    await expect(login).rejects.toMatchObject({ code: 'bad-credentials' });
  });
});

test('penalties grow to their bound, and an address waits less than a user', () => {
  expect([1, 2, 3, 4, 5, 100].map((count) => loginPenaltyMs('user', count))).toEqual([
    0, 0, 1_000, 2_000, 4_000, 300_000,
  ]);
  expect([19, 20, 21, 100].map((count) => loginPenaltyMs('address', count))).toEqual([0, 500, 1_000, 5_000]);
});

test('addresses: single ones, networks, mapped ones, and what is none', () => {
  expect(isAddressAllowed('203.0.113.5', [])).toBe(true);
  expect(isAddressAllowed('::ffff:192.0.2.1', ['192.0.2.1'])).toBe(true);
  expect(isAddressAllowed('192.0.2.2', ['192.0.2.1'])).toBe(false);
  expect(isAddressAllowed('2001:DB8:0::1', ['2001:db8::1'])).toBe(true);
  expect(isAddressAllowed('192.0.2.2', ['2001:db8::/32'])).toBe(false);
  expect(isAddressAllowed('not an address', ['0.0.0.0/0', '::/0'])).toBe(false);
});

test('a sender is an IPv4 address or an IPv6 /64', () => {
  expect(senderOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(senderOf('2001:db8:1:2:3:4:5:6')).toBe(senderOf('2001:0db8:1:2::'));
  expect(senderOf('2001:db8:1:2::1')).not.toBe(senderOf('2001:db8:1:3::1'));
  expect(senderOf('::1')).toBe('0:0:0:0::/64');
  expect(senderOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
});

test('a remembered password is forgotten after its time', () => {
  let now = 0;
  const verified = createVerified(() => now);
  const name = verified.nameOf('a', 'p', 'h');
  verified.add(name);
  now = 60 * 60_000 - 1;
  expect(verified.has(name)).toBe(true);
  const others = [
    ['a', 'p', 'h2'],
    ['a', 'q', 'h'],
    ['b', 'p', 'h'],
  ] as const;
  for (const [user, password, hash] of others)
    expect(verified.has(verified.nameOf(user, password, hash))).toBe(false);
  now += 1;
  expect(verified.has(name)).toBe(false);
});
