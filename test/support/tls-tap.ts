import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A client's TLS over a socket that the test keeps in its hand. */
export interface TlsTap {
  readonly data: TLSSocket;
  readonly raw: Socket;
  /** Whether the server ended TLS before it ended the connection; waits for that. */
  closedInOrder(): Promise<boolean>;
}

/** `cutAfter`: ends the connection when so many encrypted bytes are sent, wherever that is. */
export function tapTls(raw: Socket, options: ConnectionOptions, cutAfter = Infinity): TlsTap {
  let left = cutAfter;
  let rawEnded = false;
  const between = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      if (left <= 0) return callback();
      raw.write(chunk.subarray(0, left), () => callback());
      left -= chunk.length;
      if (left <= 0) raw.end();
      return undefined;
    },
    final: (callback) => void raw.end(callback),
  });
  raw.on('data', (bytes) => between.push(bytes));
  raw.on('end', () => {
    rawEnded = true;
    between.push(null);
  });
  raw.on('error', () => undefined);
  between.on('error', () => undefined);
  const data = connect({ socket: between, rejectUnauthorized: false, ...options });
  data.on('error', () => undefined);
  const ended = new Promise<boolean>((resolve) => {
    data.once('end', () => resolve(!rawEnded));
    data.once('close', () => resolve(false));
  });
  return { data, raw, closedInOrder: () => ended };
}
