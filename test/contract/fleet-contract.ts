import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fleet } from '../../core/ports/fleet.ts';

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
      await fail('u', 'a', 3);
      const five = await fleet.loginDelayMs({ user: 'u', address: 'a' });
      await fail('u', 'a', 4);
      const nine = await fleet.loginDelayMs({ user: 'u', address: 'a' });
      expect(five).toBeGreaterThan(0);
      expect(nine).toBeGreaterThan(five);
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
  });
}
