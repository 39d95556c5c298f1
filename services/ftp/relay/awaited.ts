import { randomBytes } from 'node:crypto';
import type { DataPlace, Expectations } from '../../../core/ports/expectations.ts';
import type { Log } from '../../../core/ports/log.ts';

/** 128 bits: nobody guesses one. */
const TOKEN_BYTES = 16;

export interface AwaitedOptions {
  /** The fleet's. */
  readonly expectations: Expectations;
  /** Where other listeners reach this one, `HOST:PORT`. */
  readonly address: string;
  /** Milliseconds after which the fleet forgets an expectation by itself, as that of a listener that was killed. */
  readonly forMs: number;
  readonly log: Log;
}

/** What this listener has told the fleet to expect, with the tokens that only both know. */
export interface Awaited {
  /**
   * Tells the fleet, before the client hears of the port. Undefined when another listener expects a connection there;
   * else the answer takes it back, for which nobody needs to wait.
   */
  tell(at: DataPlace): Promise<(() => void) | undefined>;
  tokenOf(at: DataPlace): string | undefined;
}

const keyOf = ({ port, client }: DataPlace): string => `${port} ${client}`;

export function createAwaited({ expectations, address, forMs, log }: AwaitedOptions): Awaited {
  const tokens = new Map<string, string>();
  return {
    async tell(at) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      if (!(await expectations.put(at, { address, token }, forMs))) return undefined;
      tokens.set(keyOf(at), token);
      return () => {
        tokens.delete(keyOf(at));
        expectations
          .withdraw(at, token)
          .catch((cause: unknown) => log.error({ err: cause }, 'expected data connection not withdrawn'));
      };
    },
    tokenOf: (at) => tokens.get(keyOf(at)),
  };
}
