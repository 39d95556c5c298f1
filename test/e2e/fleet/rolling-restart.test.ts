import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LISTENERS } from '../../support/network/network.ts';
import { NETWORK_NAME } from '../../support/network/open-network.ts';
import { createAttempts } from '../crash/attempts.ts';
import { type FeedingFleet, startFeedingFleet } from './feeding-fleet.ts';
import { startLoad } from './load.ts';
import { showRelayed } from './relayed.ts';

/** Each listener is replaced once in a round. */
const ROUNDS = Number(process.env.LANDFALL_TEST_FLEET_ROUNDS ?? 2);
/** Shorter than a large file takes, so that some are cut. */
const STOP_MS = 1_000;
/** How long the balancer goes on to send connections to a listener that is not ready. */
const NOTICED_AFTER_MS = 300;
const BETWEEN_MS = 1_000;
const LONG = { timeout: 600_000 + ROUNDS * LISTENERS * 60_000 };

let fleet: FeedingFleet;
beforeAll(async () => {
  fleet = await startFeedingFleet({
    LANDFALL_DRAIN_DELAY: `${2 * NOTICED_AFTER_MS} ms`,
    LANDFALL_STOP_TIMEOUT: `${STOP_MS} ms`,
  });
});
afterAll(() => fleet?.stop());

describe(`listeners are replaced one after the other, ${NETWORK_NAME}`, () => {
  it(`${ROUNDS} times round under load: none lost, none twice, no fragment`, LONG, async () => {
    const attempts = createAttempts();
    const load = startLoad(fleet, attempts, 'rolling');
    const all = Array.from({ length: LISTENERS }, (_, index) => index);
    let cut = 0;
    for (const index of Array.from({ length: ROUNDS }, () => all).flat()) {
      await sleep(BETWEEN_MS);
      const old = fleet.listeners[index]!;
      const exit = old.stop();
      await sleep(NOTICED_AFTER_MS);
      await fleet.network.balance(all.filter((other) => other !== index));
      expect(await exit).toBe(0);
      cut += old.lines.filter(({ reply }) => String(reply).startsWith('426')).length;
      await fleet.start(index);
      await fleet.network.balance(all);
    }
    await load.end();
    const problems = await fleet.problems(attempts);
    console.log(
      `${ROUNDS * LISTENERS} listeners replaced, ${load.done} files sent, ${cut} uploads cut that went on elsewhere; ` +
        `of the last listeners ${await showRelayed(fleet)}`,
    );
    expect([...load.troubles, ...problems]).toEqual([]);
    expect(cut).toBeGreaterThan(0);
  });
});
