import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fleet } from '../../core/ports/fleet.ts';
import { TICKET_KEY_BYTES, TICKET_KEYS_KEPT } from '../../core/ports/ticket-keys.ts';

/** Every sentence of the port. */
export function fleetContract(engine: string, open: () => Promise<Fleet>): void {
  describe(`${engine}: the fleet`, () => {
    let fleet: Fleet;
    beforeEach(async () => {
      fleet = await open();
    });
    afterEach(() => fleet.close());

    const fail = async (user: string, address: string, times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) await fleet.loginFailed({ user, address }, true);
    };

    test.each([
      ['in all', { address: 'a' }, { total: 2 }, /at most 2 sessions in all/],
      ['from one address', { address: 'a' }, { perAddress: 2 }, /at most 2 sessions from one address/],
      ['of one partner', { partner: 'p' }, { perPartner: 2 }, /at most 2 sessions of one partner/],
      [
        'of one partner from one address',
        { partner: 'p', sender: 'a' },
        { perPartner: 9, perSender: 2 },
        /at most 2 sessions of one partner from one address/,
      ],
    ])('counts sessions %s, and names the limit', async (_which, who, limits, said) => {
      await fleet.enter(who, limits);
      const leave = await fleet.enter(who, limits);
      await expect(fleet.enter(who, limits)).rejects.toMatchObject({ code: 'limit-reached' });
      await expect(fleet.enter(who, limits)).rejects.toThrow(said);
      await leave();
      await leave();
      await fleet.enter(who, limits);
      await expect(fleet.enter(who, limits)).rejects.toMatchObject({ code: 'limit-reached' });
    });

    test('a refused session counts nowhere', async () => {
      await fleet.enter({ address: 'a' }, {});
      for (let count = 0; count < 5; count += 1) {
        await expect(fleet.enter({ address: 'a' }, { total: 2, perAddress: 1 })).rejects.toThrow();
      }
      await fleet.enter({ address: 'b' }, { total: 2, perAddress: 1 });
    });

    test('addresses and partners are apart', async () => {
      await fleet.enter({ address: 'a' }, { perAddress: 1 });
      await fleet.enter({ address: 'b' }, { perAddress: 1 });
      await fleet.enter({ partner: 'a' }, { perPartner: 1 });
      await fleet.enter({ partner: 'b' }, { perPartner: 1 });
      await fleet.enter({ partner: 'c', sender: 'a' }, { perSender: 1 });
      await fleet.enter({ partner: 'c', sender: 'b' }, { perSender: 1 });
      await fleet.enter({ partner: 'd', sender: 'b' }, { perSender: 1 });
    });

    test('of many who enter at once, as many come in as there is room', async () => {
      const all = Array.from({ length: 50 }, () => fleet.enter({ address: 'a' }, { total: 7 }));
      expect((await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
    });

    test('failures of a user at an address delay that user there, longer each time', async () => {
      expect(await fleet.loginDelayMs({ user: 'u', address: 'a' })).toBe(0);
      await fail('u', 'a', 2);
      expect(await fleet.loginDelayMs({ user: 'u', address: 'a' })).toBe(0);
      await fail('u', 'a', 5);
      const seven = await fleet.loginDelayMs({ user: 'u', address: 'a' });
      await fail('u', 'a', 2);
      const nine = await fleet.loginDelayMs({ user: 'u', address: 'a' });
      expect(seven).toBeGreaterThan(0);
      expect(nine).toBeGreaterThan(seven);
      expect(await fleet.loginDelayMs({ user: 'u', address: 'b' })).toBe(0);
      expect(await fleet.loginDelayMs({ user: 'other', address: 'a' })).toBe(0);
    });

    test('failures of many users at an address delay everybody there, a little', async () => {
      for (let user = 0; user < 60; user += 1) await fail(`u${user}`, 'a', 1);
      const delay = await fleet.loginDelayMs({ user: 'new', address: 'a' });
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(5_000);
      expect(await fleet.loginDelayMs({ user: 'u1', address: 'b' })).toBe(0);
    });

    test("a success forgets the user's failures there, not the address's", async () => {
      await fail('u', 'a', 60);
      await fleet.loginFailed({ user: 'u', address: 'a' }, false);
      const delay = await fleet.loginDelayMs({ user: 'u', address: 'a' });
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(5_000);
    });

    test('an address is known from its first login on', async () => {
      await fail('u', 'a', 1);
      expect(await fleet.hasLoggedIn('a')).toBe(false);
      await fleet.loginFailed({ user: 'u', address: 'a' }, false);
      expect(await fleet.hasLoggedIn('a')).toBe(true);
      expect(await fleet.hasLoggedIn('b')).toBe(false);
    });

    describe('data connections', () => {
      const at = { port: 30_000, client: '192.0.2.7' };
      const who = (token: string) => ({ address: '10.0.0.1:4000', token });

      test('whoever takes an expectation is told who expects it, once', async () => {
        expect(await fleet.expectations.take(at)).toBeUndefined();
        expect(await fleet.expectations.put(at, who('t'), 60_000)).toBe(true);
        const asked = await Promise.all(Array.from({ length: 5 }, () => fleet.expectations.take(at)));
        expect(asked.filter(Boolean)).toEqual([who('t')]);
      });

      test('of a port and a client there is one expectation, of each client one of its own', async () => {
        expect(await fleet.expectations.put(at, who('first'), 60_000)).toBe(true);
        expect(await fleet.expectations.put(at, who('second'), 60_000)).toBe(false);
        const others = [
          { ...at, client: '2001:db8::7' },
          { ...at, port: 30_001 },
        ];
        for (const other of others) expect(await fleet.expectations.put(other, who('o'), 60_000)).toBe(true);
      });

      test('its place stays taken until who expected it says that the connection has come', async () => {
        await fleet.expectations.put(at, who('first'), 60_000);
        expect(await fleet.expectations.take(at)).toEqual(who('first'));
        expect(await fleet.expectations.put(at, who('second'), 60_000)).toBe(false);
        await fleet.expectations.withdraw(at, 'first');
        expect(await fleet.expectations.put(at, who('second'), 60_000)).toBe(true);
        expect(await fleet.expectations.take(at)).toEqual(who('second'));
      });

      test('it ends by itself', async () => {
        await fleet.expectations.put(at, who('t'), 50);
        await sleep(100);
        expect(await fleet.expectations.take(at)).toBeUndefined();
        await fleet.expectations.put(at, who('t'), 50);
        await sleep(100);
        expect(await fleet.expectations.put(at, who('u'), 60_000)).toBe(true);
      });

      test('it is withdrawn by its own token only', async () => {
        await fleet.expectations.put(at, who('token'), 60_000);
        await fleet.expectations.withdraw(at, 'tok');
        await fleet.expectations.withdraw(at, 'other');
        expect(await fleet.expectations.put(at, who('u'), 60_000)).toBe(false);
        await fleet.expectations.withdraw(at, 'token');
        expect(await fleet.expectations.take(at)).toBeUndefined();
      });
    });

    describe('data connections of clients with several addresses', () => {
      const network = '198.51.100.0/24';
      const wide = { port: 30_000, client: '192.0.2.7', others: [network, '203.0.113.9'], within: [] };
      const inside = (client: string) => ({ port: 30_000, client, others: [], within: [network] });
      const who = (token: string) => ({ address: '10.0.0.1:4000', token });
      const put = (at: object, token: string) =>
        fleet.expectations.put(at as typeof wide, who(token), 60_000);

      test('are known by each of their names, and withdrawn with all', async () => {
        expect(await put(wide, 'wide')).toBe(true);
        for (const client of [wide.client, ...wide.others])
          expect(await put({ port: 30_000, client }, 'other')).toBe(false);
        expect(await fleet.expectations.take({ port: 30_000, client: network })).toEqual(who('wide'));
        await fleet.expectations.withdraw(wide, 'other');
        expect(await put({ port: 30_000, client: network }, 'other')).toBe(false);
        await fleet.expectations.withdraw(wide, 'wide');
        for (const client of [wide.client, ...wide.others])
          expect(await put({ port: 30_000, client }, 'other')).toBe(true);
      });

      test('are in the way of those from within their network, in either order, at the same port only', async () => {
        expect(await put(wide, 'wide')).toBe(true);
        expect(await put(inside('198.51.100.3'), 'first')).toBe(false);
        expect(await put({ ...inside('198.51.100.3'), port: 30_001 }, 'elsewhere')).toBe(true);
        await fleet.expectations.withdraw(wide, 'wide');
        expect(await put(inside('198.51.100.3'), 'first')).toBe(true);
        expect(await put(inside('198.51.100.4'), 'second')).toBe(true);
        expect(await put(wide, 'wide')).toBe(false);
        await fleet.expectations.withdraw(inside('198.51.100.3'), 'first');
        expect(await put(wide, 'wide')).toBe(false);
        await fleet.expectations.withdraw(inside('198.51.100.4'), 'second');
        expect(await put(wide, 'wide')).toBe(true);
      });

      test('are in the way of a network that overlaps theirs', async () => {
        const larger = { port: 30_000, client: '192.0.2.8', others: ['198.51.0.0/16'], within: [network] };
        const smaller = { ...wide, within: larger.others };
        expect(await put(larger, 'larger')).toBe(true);
        expect(await put(smaller, 'smaller')).toBe(false);
        await fleet.expectations.withdraw(larger, 'larger');
        expect(await put(smaller, 'smaller')).toBe(true);
        expect(await put(larger, 'larger')).toBe(false);
      });

      test('are not in the way any more when they have ended by themselves', async () => {
        await fleet.expectations.put(inside('198.51.100.3'), who('short'), 50);
        await fleet.expectations.put(inside('198.51.100.4'), who('long'), 4_000);
        await sleep(100);
        expect(await put(wide, 'wide')).toBe(false);
        await sleep(4_000);
        expect(await put(wide, 'wide')).toBe(true);
      });
    });

    test('listeners live from joining to leaving', async () => {
      expect(await fleet.listeners.living()).toEqual([]);
      const leave = await fleet.listeners.join('10.0.0.1:4000');
      await fleet.listeners.join('10.0.0.2:4000');
      expect((await fleet.listeners.living()).toSorted()).toEqual(['10.0.0.1:4000', '10.0.0.2:4000']);
      await leave();
      await leave();
      expect(await fleet.listeners.living()).toEqual(['10.0.0.2:4000']);
    });

    test('ticket keys stay until they are due, then the newest comes first and the oldest goes', async () => {
      const before = Date.now();
      const first = await fleet.ticketKeys.current(60_000);
      expect(first.keys).toHaveLength(1);
      expect(first.keys[0]).toHaveLength(TICKET_KEY_BYTES);
      expect(Math.abs(first.rotatedAt.getTime() - before)).toBeLessThan(60_000);
      expect(await fleet.ticketKeys.current(60_000)).toEqual(first);

      let last = first;
      for (let rotations = 1; rotations <= TICKET_KEYS_KEPT; rotations += 1) {
        await sleep(5);
        const next = await fleet.ticketKeys.current(1);
        const stay = last.keys.slice(0, TICKET_KEYS_KEPT - 1);
        expect(next.keys.slice(1)).toEqual(stay);
        expect(last.keys).not.toContainEqual(next.keys[0]);
        expect(next.rotatedAt.getTime()).toBeGreaterThan(last.rotatedAt.getTime());
        last = next;
      }
      expect(last.keys).toHaveLength(TICKET_KEYS_KEPT);
    });
  });
}
