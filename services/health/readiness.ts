import { askedLately, type Patience } from '../../core/asked-lately.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';

export type PartState = 'up' | 'degraded' | 'down';

export interface Part {
  readonly state: PartState;
  /** When it was first seen so; ISO 8601, UTC. */
  readonly since: string;
  readonly why?: FaultCode;
}

export interface Look {
  /** Whether to send clients here. A part that is degraded does not stand in their way. */
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, Part>>;
  readonly draining: { readonly state: 'no' | 'yes'; readonly since: string };
}

export interface Readiness {
  /** Within the patience of one check: all are made at once. */
  look(): Promise<Look>;
  /** From now on not ready, whatever the parts say. */
  drain(): void;
}

/** A check answers or throws a `Fault`: the part is down. */
export type Checks = Readonly<Record<string, () => Promise<PartState>>>;

const PATIENCE: Patience = { keptMs: 2_000, waitMs: 2_000 };

export function createReadiness(checks: Checks, patience = PATIENCE): Readiness {
  const parts: Record<string, Part> = {};
  let draining: Look['draining'] = { state: 'no', since: new Date().toISOString() };

  const note = (name: string, state: PartState, why?: FaultCode): void => {
    const before = parts[name];
    const since = before?.state === state ? before.since : new Date().toISOString();
    parts[name] = { state, since, ...(why === undefined ? {} : { why }) };
  };

  const looks = Object.entries(checks).map(([name, check]) => {
    const asked = askedLately(check, patience);
    return (): Promise<void> =>
      asked().then(
        (state) => note(name, state),
        (thrown: unknown) => note(name, 'down', Fault.from(thrown).code),
      );
  });

  return {
    async look() {
      await Promise.all(looks.map((look) => look()));
      const isUp = Object.values(parts).every(({ state }) => state !== 'down');
      return { ready: isUp && draining.state === 'no', parts: { ...parts }, draining };
    },
    drain() {
      if (draining.state === 'no') draining = { state: 'yes', since: new Date().toISOString() };
    },
  };
}
