/**
 * How failed logins slow down the next one. Failures are counted for a user at an address, and for an address whoever
 * the user was; never for a user alone, so that a stranger elsewhere cannot lock a partner out.
 *
 * A row: after `free` failures the next login waits `firstMs` from the last failure, then twice as long with every
 * further one, at most `mostMs`. An address may be a partner's whole company behind one router: its wait stays so
 * short that a right login can sit it out.
 */
const penalties = {
  user: { free: 3, firstMs: 1_000, mostMs: 5 * 60_000 },
  address: { free: 20, firstMs: 500, mostMs: 5_000 },
} as const;

/** Failures are forgotten this long after the last one, in milliseconds; longer than any wait. */
export const FAILURES_KEPT_MS = 15 * 60_000;

/** From the last failure to the next login, in milliseconds, after `failures` in a row. */
export function loginPenaltyMs(counted: keyof typeof penalties, failures: number): number {
  const { free, firstMs, mostMs } = penalties[counted];
  return failures < free ? 0 : Math.min(mostMs, firstMs * 2 ** (failures - free));
}
