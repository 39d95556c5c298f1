import { Refusal } from '../reply.ts';
import { abortable } from './abortable.ts';
import type { DataChannel } from './channel.ts';
import type { DataConnection } from './connection.ts';
import type { Expectation } from './expectations.ts';
import type { Origins } from './origins.ts';
import type { PassivePorts } from './passive-ports.ts';

export interface PassiveOptions {
  readonly ports: PassivePorts;
  readonly origins: Origins;
  /** Milliseconds to wait for a port that is free, and then for the client to connect. */
  readonly timeoutMs: number;
}

export interface PassiveChannel extends DataChannel {
  /**
   * The port for the client. Throws a `Refusal` 425 when none is free in time. RFC 959 §5.4 has no reply for that but
   * 421, which would end the session; clients take 425 as what may work later.
   */
  readonly port: Promise<number>;
}

/** Expects one connection from the client. */
export function openPassiveChannel({ ports, origins, timeoutMs }: PassiveOptions): PassiveChannel {
  const { promise: arrived, resolve, reject } = Promise.withResolvers<DataConnection>();
  // Nobody may be waiting yet when it fails.
  arrived.catch(() => undefined);
  const given = new AbortController();
  let came: DataConnection | undefined;
  let isTaken = false;

  const giveUp = (why: string): void => {
    const refusal = new Refusal(425, why);
    given.abort(refusal);
    reject(refusal);
    clearTimeout(timer);
    ports.withdraw(expectation);
  };
  const expectation: Expectation<DataConnection> = {
    origins,
    take(connection) {
      clearTimeout(timer);
      came = connection;
      resolve(connection);
    },
  };
  let timer = setTimeout(() => giveUp('All data ports are taken, try again later.'), timeoutMs);
  const expect = async (): Promise<number> => {
    const port = await ports.add(expectation, given.signal);
    given.signal.throwIfAborted();
    clearTimeout(timer);
    timer = setTimeout(() => giveUp('No data connection was made in time.'), timeoutMs);
    return port;
  };

  return {
    port: expect(),
    async connect(signal) {
      const { socket } = await abortable(arrived, signal);
      isTaken = true;
      return socket;
    },
    settled: async (sender, signal) => (await arrived).settled(sender, signal),
    close() {
      if (!came) return giveUp('The data connection was given up.');
      if (!isTaken) came.socket.destroy();
      came.forget();
    },
  };
}
