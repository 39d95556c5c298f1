import { randomBytes } from 'node:crypto';
import type { DataPlace, Expectations, ExpectedPlace } from '../../../core/ports/expectations.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Others } from '../data/told-expectations.ts';

/** 128 bits: nobody guesses one. */
const TOKEN_BYTES = 16;

export interface AwaitedOptions {
  /** The fleet's. */
  readonly expectations: Expectations;
  /** Addresses and networks that have one in common with this one, and that partners' data connections may come from. */
  readonly dataAddressesOf: (rule: string) => readonly string[];
  /** Where other listeners reach this one, `HOST:PORT`. */
  readonly address: string;
  /** Milliseconds after which the fleet forgets an expectation by itself, as that of a listener that was killed. */
  readonly forMs: number;
  readonly log: Log;
}

/** What this listener has told the fleet to expect, with the tokens that only both know. */
export interface Awaited extends Others {
  tokenOf(at: DataPlace): string | undefined;
}

const keyOf = (port: number, client: string): string => `${port} ${client}`;

export function createAwaited(options: AwaitedOptions): Awaited {
  const { expectations, dataAddressesOf, address, forMs, log } = options;
  const tokens = new Map<string, string>();
  return {
    mayTell: (port) => expectations.mayPut(port, forMs),
    async tell({ port, client, others = [] }) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const names = [client, ...others];
      const networks = names.flatMap(dataAddressesOf).filter((rule) => rule.includes('/'));
      const within = [...new Set(networks)].filter((rule) => !names.includes(rule));
      const at: ExpectedPlace = { port, client, others, within };
      const until = performance.now() + forMs;
      if (!(await expectations.put(at, { address, token }, forMs))) return undefined;
      for (const name of names) tokens.set(keyOf(port, name), token);
      return {
        takeBack() {
          for (const name of names) tokens.delete(keyOf(port, name));
          expectations
            .withdraw(at, token)
            .catch((cause: unknown) => log.error({ err: cause }, 'expected data connection not withdrawn'));
        },
        isKnown: () => performance.now() < until,
      };
    },
    tokenOf: ({ port, client }) => tokens.get(keyOf(port, client)),
  };
}
