import type { ExpectedPlace } from '../../../core/ports/expectations.ts';
import { createExpectations, type Expectation, type Expectations } from './expectations.ts';
import { namesOf } from './origins.ts';

/** What the others were told. */
export interface Told {
  takeBack(): void;
  /** Whether they know it still. After a stop of this process they may have forgotten it before its own time is over. */
  isKnown(): boolean;
}

/** The other listeners, whose ports are the same. */
export interface Others {
  /**
   * Tells them, before the client hears of the port. Undefined when one of them expects a connection there. Nobody needs
   * to wait for what is taken back.
   */
  tell(at: ExpectedPlace): Promise<Told | undefined>;
  /** Whether that can be of use at the port now. */
  mayTell(port: number): boolean;
}

/**
 * Expectations of which the other listeners know, so that a connection may come to any of them. A place is had when it
 * is free here and there; the others are told before the client is, and as long as one may still come, late ones too.
 * They are told of all addresses and networks that it may come from: none of them is another's meanwhile.
 */
export function createToldExpectations<Connection>(
  numbers: readonly number[],
  others: Others | undefined,
): Expectations<Connection> {
  if (!others) return createExpectations(numbers);
  const told = new Map<Expectation<Connection>, Told>();
  const own = createExpectations<Connection>(numbers, {
    freed(expectation) {
      told.get(expectation)?.takeBack();
      told.delete(expectation);
    },
    mayUse: others.mayTell,
    isKnown: (expectation) => told.get(expectation)?.isKnown() ?? false,
  });
  return {
    ...own,
    async add(expectation, signal) {
      for (;;) {
        const port = await own.add(expectation, signal);
        const [client, ...more] = namesOf(expectation.origins);
        const one = await others.tell({ port, client, others: more });
        if (one) {
          own.told(expectation);
          // It may have been given up in the meantime.
          if (own.has(expectation)) told.set(expectation, one);
          else one.takeBack();
          return port;
        }
        own.setAside(expectation);
      }
    },
  };
}
