import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTurns } from '../../core/turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const JOB_MS = 200;
const LIMITS = { atOnce: 1, waitMs: 25_000, waiting: 5_000 };
const here = () => true;
const gone = () => false;
const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const full = { code: 'limit-reached' };

/** Asks for one job after the other; which of them ran, in order, and how long the turn took to come. */
function crowd(limits = LIMITS) {
  const inTurn = createTurns(limits);
  const ran: string[] = [];
  const ask = async (name: string, isKnown = false, isThere = here, owner = name): Promise<number> => {
    const askedAt = performance.now();
    return inTurn({ owner, isKnown, isThere }, async () => {
      ran.push(name);
      const waitedMs = performance.now() - askedAt;
      await wait(JOB_MS);
      return waitedMs;
    });
  };
  return { ran, ask, inTurn };
}
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('turns', () => {
  it('a job that throws gives its turn on', async () => {
    const { inTurn } = crowd();
    const asking = { owner: 'a', isKnown: false, isThere: here };
    await expect(inTurn(asking, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await inTurn(asking, async () => 1)).toBe(1);
  });

  it('come to each owner, however many one asks for', async () => {
    const { ran, ask } = crowd();
    for (const name of ['a1', 'a2', 'a3']) void ask(name, false, here, 'a');
    for (const name of ['b', 'c']) void ask(name);
    await passes(10 * JOB_MS);
    expect(ran).toEqual(['a1', 'a2', 'b', 'c', 'a3']);
  });

  it('come one at a time to an owner, and so many at once to all', async () => {
    const { ran, ask } = crowd({ ...LIMITS, atOnce: 2 });
    for (const name of ['a1', 'a2', 'a3']) void ask(name, false, here, 'a');
    await passes(0);
    expect(ran).toEqual(['a1']);
    for (const name of ['b', 'c']) void ask(name);
    await passes(0);
    expect(ran).toEqual(['a1', 'b']);
  });

  it('come to who is known before newcomers, but for every fourth', async () => {
    const { ran, ask } = crowd();
    for (let count = 0; count < 4; count += 1) void ask(`new ${count}`);
    for (let count = 0; count < 8; count += 1) void ask(`known ${count}`, true);
    await passes(20 * JOB_MS);
    const kinds = ran.map((name) => name.split(' ')[0]);
    expect(kinds.slice(0, 9)).toEqual([
      'new',
      'known',
      'known',
      'known',
      'new',
      'known',
      'known',
      'known',
      'new',
    ]);
    expect(ran).toHaveLength(12);
  });

  it('come last to who does not wait any more', async () => {
    const { ran, ask } = crowd();
    void ask('first');
    void ask('gone', true, gone);
    for (const name of ['new', 'newer']) void ask(name);
    await passes(10 * JOB_MS);
    expect(ran).toEqual(['first', 'new', 'newer', 'gone']);
  });

  it('are not waited for longer than the limit', async () => {
    const { ask } = crowd();
    const asked = Array.from({ length: 200 }, (_, index) => ask(`a${index}`));
    const ended = Promise.allSettled(asked);
    await passes(60_000);
    const waits = (await ended).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(Math.max(...waits)).toBeLessThanOrEqual(LIMITS.waitMs);
    expect(waits.length).toBe(LIMITS.waitMs / JOB_MS);
  });

  it('that would come too late are refused at once', async () => {
    const { ask } = crowd();
    for (let count = 0; count < 100; count += 1) {
      void ask('only');
      await passes(JOB_MS);
    }
    const asked = Array.from({ length: 500 }, (_, index) => ask(`a${index}`).catch((fault) => fault.code));
    const late = Promise.all(asked.slice(130));
    await passes(1);
    expect(new Set(await late)).toEqual(new Set([full.code]));
    await passes(LIMITS.waitMs + JOB_MS);
    const codes = await Promise.all(asked);
    expect(codes.filter((one) => one === full.code).length).toBeLessThan(380);
  });

  it('are kept for who is known when newcomers fill all the room there is, before it is known how long one takes', async () => {
    const { ran, ask } = crowd({ ...LIMITS, waiting: 10 });
    const strangers = Array.from({ length: 12 }, (_, index) =>
      ask(`stranger ${index}`).catch((fault) => fault.code),
    );
    const partner = ask('partner', true);
    await passes(60_000);
    expect(await partner).toBe(JOB_MS);
    expect((await Promise.all(strangers)).filter((one) => one === full.code)).toHaveLength(1);
    expect(ran.slice(0, 2)).toEqual(['stranger 0', 'partner']);
  });

  it('leave an owner where it is when one of its jobs has waited too long', async () => {
    const slow = { owner: 'slow', isKnown: false, isThere: here };
    const { inTurn } = crowd({ ...LIMITS, waitMs: 1_000 });
    void inTurn(slow, () => wait(1_100));
    const order: string[] = [];
    const say = (name: string) => async () => void order.push(name);
    const first = inTurn({ ...slow, owner: 'a' }, say('a1')).catch((fault) => fault.code);
    await passes(500);
    void inTurn({ ...slow, owner: 'a' }, say('a2'));
    void inTurn({ ...slow, owner: 'b' }, say('b'));
    await passes(2_000);
    expect(await first).toBe(full.code);
    expect(order).toEqual(['a2', 'b']);
  });

  it('come in time to who is known while a crowd of strangers asks again and again', async () => {
    const { ask } = crowd({ ...LIMITS, atOnce: 2 });
    let stopped = false;
    const stranger = async (name: string) => {
      while (!stopped) {
        await ask(name).catch(() => undefined);
        await wait(500);
      }
    };
    for (let count = 0; count < 300; count += 1) void stranger(`stranger ${count}`);
    await passes(30_000);
    const waits = Array.from({ length: 20 }, (_, index) => ask(`partner ${index}`, true));
    await passes(20_000);
    expect(Math.max(...(await Promise.all(waits)))).toBeLessThan(20 * JOB_MS);
    stopped = true;
    await passes(60_000);
  });

  it('all come, of 2,000 who ask at once and come again when they are refused, in the time that they take', async () => {
    const { ask } = crowd({ ...LIMITS, atOnce: 2 });
    const until = async (name: string) => {
      for (;;) {
        const waitedMs = await ask(name).catch(() => undefined);
        if (waitedMs !== undefined) return performance.now();
        await wait(5_000);
      }
    };
    const began = performance.now();
    const all = Promise.all(Array.from({ length: 2_000 }, (_, index) => until(`partner ${index}`)));
    await passes(300_000);
    expect(Math.max(...(await all)) - began).toBeLessThan((2_000 / 2) * JOB_MS * 1.1);
  });
});
