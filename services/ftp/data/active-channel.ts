import { Socket } from 'node:net';
import { Refusal } from '../reply.ts';
import { abortable } from './abortable.ts';
import type { DataChannel } from './channel.ts';
import type { HostPort } from './host-port.ts';
import { keepAlive } from './keep-alive.ts';

export interface ActiveOptions {
  readonly to: HostPort;
  /** The address that the client knows us by. */
  readonly local: string;
  /** Milliseconds for the client to take the connection. */
  readonly timeoutMs: number;
}

/** Dials the client when the transfer begins (RFC 959 §3.2). */
export function openActiveChannel({ to, local, timeoutMs }: ActiveOptions): DataChannel {
  let socket: Socket | undefined;
  return {
    async connect(signal) {
      const dialled = new Socket({ allowHalfOpen: true }).setNoDelay();
      keepAlive(dialled);
      socket = dialled;
      const { promise: connected, resolve, reject } = Promise.withResolvers<Socket>();
      const fail = (why: string): void => reject(new Refusal(425, why));
      const timer = setTimeout(() => fail('The data connection was not taken in time.'), timeoutMs);
      dialled.on('error', () => fail('The data connection was refused.'));
      dialled.once('connect', () => resolve(dialled));
      // Paused before it is connected, so that nothing is read before the transfer has its buffers.
      dialled.pause();
      dialled.connect({ host: to.host, port: to.port, localAddress: local });
      try {
        const open = await abortable(connected, signal);
        socket = undefined;
        return open;
      } catch (thrown) {
        dialled.destroy();
        throw thrown;
      } finally {
        clearTimeout(timer);
      }
    },
    settled: async () => undefined,
    close() {
      socket?.destroy();
    },
  };
}
