import type { ExpectedPlace } from '../../../core/ports/expectations.ts';
import { createExpectations, type Expectation, type Expectations } from './expectations.ts';
import { namesOf } from './origins.ts';

/** Undefined when another listener expects a connection there; else the answer takes back what was told. */
export type Tell = (at: ExpectedPlace) => Promise<(() => void) | undefined>;

/**
 * Expectations of which the other listeners know, so that a connection may come to any of them. A place is had when it
 * is free here and there; the others are told before the client is, and as long as one may still come, late ones too.
 * They are told of all addresses and networks that it may come from: none of them is another's meanwhile.
 */
export function createToldExpectations<Connection>(
  numbers: readonly number[],
  tell: Tell | undefined,
): Expectations<Connection> {
  const takeBack = new Map<Expectation<Connection>, () => void>();
  if (!tell) return createExpectations(numbers);
  const own = createExpectations<Connection>(numbers, {
    freed(expectation) {
      takeBack.get(expectation)?.();
      takeBack.delete(expectation);
    },
  });
  return {
    ...own,
    async add(expectation, signal) {
      for (;;) {
        const port = await own.add(expectation, signal);
        const [client, ...others] = namesOf(expectation.origins);
        const told = await tell({ port, client, others });
        if (told) {
          own.told(expectation);
          // It may have been given up in the meantime.
          if (own.has(expectation)) takeBack.set(expectation, told);
          else told();
          return port;
        }
        own.setAside(expectation);
      }
    },
  };
}
