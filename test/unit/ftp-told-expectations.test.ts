import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createToldExpectations, type Told } from '../../services/ftp/data/told-expectations.ts';

const never = new AbortController().signal;
const CLIENT = '10.0.0.1';

function expecting() {
  const got: string[] = [];
  return { origins: { client: CLIENT, others: [] }, got, take: (one: string) => void got.push(one) };
}

describe('data connections of which the other listeners are told', () => {
  it('are taken here only when they have been told: before, it may be what one of them waits for', async () => {
    const { promise: told, resolve } = Promise.withResolvers<Told>();
    const table = createToldExpectations<string>([1], { tell: () => told, mayTell: () => true });
    const one = expecting();
    const added = table.add(one, never);
    expect(table.arrive("another listener's", 1, CLIENT)).toBe('unexpected');
    resolve({ takeBack: () => undefined, isKnown: () => true });
    expect(await added).toBe(1);
    expect(table.arrive('its own', 1, CLIENT)).toBe('taken');
    expect(one.got).toEqual(['its own']);
  });

  it('that are given up meanwhile leave nothing behind', async () => {
    const { promise: told, resolve } = Promise.withResolvers<Told>();
    const table = createToldExpectations<string>([1], { tell: () => told, mayTell: () => true });
    const one = expecting();
    const added = table.add(one, never);
    await Promise.resolve();
    table.withdraw(one);
    let isTakenBack = false;
    resolve({
      takeBack() {
        isTakenBack = true;
      },
      isKnown: () => true,
    });
    await added;
    expect(isTakenBack).toBe(true);
    expect(table.expected()).toBe(0);
    expect(table.arrive("another listener's", 1, CLIENT)).toBe('unexpected');
  });

  it('are not taken when the others know of them no more, as after a stop of this process: they may be theirs', async () => {
    let isKnown = true;
    const told = { takeBack: () => undefined, isKnown: () => isKnown };
    const table = createToldExpectations<string>([1], { tell: async () => told, mayTell: () => true });
    const one = expecting();
    await table.add(one, never);
    isKnown = false;
    expect(table.arrive("another listener's", 1, CLIENT)).toBe('unexpected');
    expect(one.got).toEqual([]);
  });

  it('are not tried at ports that may not be had, and wait in order until one may', async () => {
    const tried: number[] = [];
    let mayHave = false;
    const told = { takeBack: () => undefined, isKnown: () => true };
    const table = createToldExpectations<string>([1, 2, 3], {
      async tell({ port }) {
        tried.push(port);
        return told;
      },
      mayTell: (port) => mayHave && port === 2,
    });
    const order: number[] = [];
    for (const number of [1, 2, 3]) table.add(expecting(), never).then(() => order.push(number));
    await sleep(700);
    expect(tried).toEqual([]);
    mayHave = true;
    for (const number of [1, 2, 3]) {
      await expect.poll(() => order).toHaveLength(number);
      table.arrive('', 2, CLIENT);
    }
    expect(order).toEqual([1, 2, 3]);
    expect(tried).toEqual([2, 2, 2]);
  });
});
