import { randomInt } from 'node:crypto';
import { isFrom, type Origins, overlap } from './origins.ts';

/** One data connection that a session waits for. */
export interface Expectation<Connection> {
  readonly origins: Origins;
  /** Called once at most, when it has come. */
  take(connection: Connection): void;
}

/** `late`: it was expected there until a moment ago. */
export type Arrived = 'taken' | 'late' | 'unexpected';

/**
 * Who expects a connection at which of a few ports that all sessions share. A connection is known by its port and its
 * address alone, so of both together there is never more than one expectation, and a connection is that one's or nobody's.
 * A port is taken from the reply to PASV until the connection has come; after that it is free for the next.
 */
export interface Expectations<Connection> {
  /**
   * Resolves with the port, a random one of those that are free for these origins. While there is none it waits; a port
   * goes to whoever asked first of those for whom it is free. Rejects with the signal's reason.
   */
  add(expectation: Expectation<Connection>, signal: AbortSignal): Promise<number>;
  /** It is expected no more; does nothing when it has come. */
  withdraw(expectation: Expectation<Connection>): void;
  /** Another listener expects one there: nobody here is given that place for a moment. The expectation may be added again. */
  setAside(expectation: Expectation<Connection>): void;
  /** The other listeners know of it: from now on a connection that comes there is for it. */
  told(expectation: Expectation<Connection>): void;
  has(expectation: Expectation<Connection>): boolean;
  arrive(connection: Connection, port: number, from: string): Arrived;
  /** How many there are, those that may still come late included. */
  expected(): number;
}

/**
 * A connection of a client that gave up, or of a command that was refused, may still be on its way: two of TCP's
 * repetitions (RFC 6298: after 1 and 3 s). For so many milliseconds nobody else expects one there who could get it, and
 * it is refused.
 */
export const LATE_MS = 4000;
/** Milliseconds after which a place that another listener had is tried again. */
const ASIDE_MS = 100;
/** Milliseconds after which those who wait look whether ports may be used that might not. */
const LOOK_AGAIN_MS = 500;

/** Random ports that are tried before all are looked at: where most are free, one of these is. */
const GUESSES = 4;

interface Place<Connection> {
  readonly expectation: Expectation<Connection>;
  /**
   * `untold`: it may be another listener's, as what comes there is until they have been told. `over`: withdrawn, and
   * only there to refuse what is late. `aside`: another listener's.
   */
  state: 'untold' | 'expected' | 'over' | 'aside';
}

interface Port<Connection> {
  readonly port: number;
  /** By the one address that each is for. */
  readonly exact: Map<string, Place<Connection>>;
  /** Those for several addresses. */
  readonly wide: Set<Place<Connection>>;
}

interface Waiter<Connection> {
  readonly expectation: Expectation<Connection>;
  readonly resolve: (port: number) => void;
}

const isWide = ({ others }: Origins): boolean => others.length > 0;

interface Shared<Connection> {
  /** Whether a place at the port may be had at all now. */
  mayUse(port: number): boolean;
  /** Called when a place may be another's: its connection has come, or cannot even come late any more. */
  freed(expectation: Expectation<Connection>): void;
  /** Asked before a connection is handed over: where they know of it no more, it may be one of theirs that has come. */
  isKnown(expectation: Expectation<Connection>): boolean;
}

/** `shared`: with listeners that are told of each expectation, whose ports are the same. */
export function createExpectations<Connection>(
  numbers: readonly number[],
  shared?: Shared<Connection>,
): Expectations<Connection> {
  const ports = new Map<number, Port<Connection>>(
    numbers.map((port) => [port, { port, exact: new Map(), wide: new Set() }]),
  );
  const portOf = new Map<Expectation<Connection>, Port<Connection>>();
  const waiting = new Set<Waiter<Connection>>();

  const placeAt = ({ exact, wide }: Port<Connection>, address: string): Place<Connection> | undefined =>
    exact.get(address) ?? [...wide].find(({ expectation }) => isFrom(expectation.origins, address));

  const isFree = ({ port, exact, wide }: Port<Connection>, origins: Origins): boolean =>
    shared?.mayUse(port) !== false &&
    !exact.has(origins.client) &&
    ![...wide].some(({ expectation }) => overlap(expectation.origins, origins)) &&
    !(isWide(origins) && [...exact.keys()].some((address) => isFrom(origins, address)));

  const put = (port: Port<Connection>, expectation: Expectation<Connection>): number => {
    const place: Place<Connection> = { expectation, state: shared ? 'untold' : 'expected' };
    if (isWide(expectation.origins)) port.wide.add(place);
    else port.exact.set(expectation.origins.client, place);
    portOf.set(expectation, port);
    return port.port;
  };

  const remove = (port: Port<Connection>, place: Place<Connection>): void => {
    const { client } = place.expectation.origins;
    if (!port.wide.delete(place)) {
      if (port.exact.get(client) !== place) return;
      port.exact.delete(client);
    }
    // Set aside, its expectation may have another place by now.
    if (place.state !== 'aside') {
      portOf.delete(place.expectation);
      shared?.freed(place.expectation);
    }
    serveWaiting(port);
  };

  const find = (expectation: Expectation<Connection>) => {
    const port = portOf.get(expectation);
    if (!port) return undefined;
    const places = [port.exact.get(expectation.origins.client), ...port.wide];
    const place = places.find((one) => one?.expectation === expectation);
    return place && { port, place };
  };

  const serveWaiting = (port: Port<Connection>): void => {
    for (const waiter of waiting) {
      if (!isFree(port, waiter.expectation.origins)) continue;
      waiting.delete(waiter);
      waiter.resolve(put(port, waiter.expectation));
    }
  };

  let isLooking = false;
  const lookAgain = (): void => {
    if (isLooking || !shared || waiting.size === 0) return;
    isLooking = true;
    const look = (): void => {
      isLooking = false;
      for (const port of ports.values()) serveWaiting(port);
      lookAgain();
    };
    setTimeout(look, LOOK_AGAIN_MS).unref();
  };

  const setAside = (expectation: Expectation<Connection>): void => {
    const found = find(expectation);
    if (!found) return;
    const { port, place } = found;
    portOf.delete(expectation);
    place.state = 'aside';
    setTimeout(() => remove(port, place), ASIDE_MS).unref();
  };

  return {
    async add(expectation, signal) {
      signal.throwIfAborted();
      for (let guess = 0; guess < GUESSES; guess += 1) {
        const port = ports.get(numbers[randomInt(numbers.length)]!)!;
        if (isFree(port, expectation.origins)) return put(port, expectation);
      }
      const free = [...ports.values()].filter((port) => isFree(port, expectation.origins));
      // RFC 2577 §3: nobody is to know where the next one is.
      if (free.length > 0) return put(free[randomInt(free.length)]!, expectation);
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(waiter);
          reject(signal.reason);
        };
        const waiter: Waiter<Connection> = {
          expectation,
          resolve(port) {
            signal.removeEventListener('abort', leave);
            resolve(port);
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.add(waiter);
        lookAgain();
      });
    },

    withdraw(expectation) {
      const found = find(expectation);
      if (found?.place.state === 'untold') setAside(expectation);
      if (found?.place.state !== 'expected') return;
      found.place.state = 'over';
      setTimeout(() => remove(found.port, found.place), LATE_MS).unref();
    },

    setAside,

    told(expectation) {
      const place = find(expectation)?.place;
      if (place?.state === 'untold') place.state = 'expected';
    },

    has: (expectation) => portOf.has(expectation),

    arrive(connection, number, from) {
      const port = ports.get(number);
      const place = port && placeAt(port, from);
      if (!port || !place || place.state === 'aside' || place.state === 'untold') return 'unexpected';
      if (place.state === 'over') return 'late';
      if (shared?.isKnown(place.expectation) === false) return 'unexpected';
      remove(port, place);
      place.expectation.take(connection);
      return 'taken';
    },

    expected: () => portOf.size,
  };
}
