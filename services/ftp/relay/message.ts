import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** Bytes so far: `more` while they may become a message, `rest` is whatever is behind it. */
export type Read<What> =
  | { readonly kind: 'more' }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'whole'; readonly what: What; readonly rest: Buffer };

/**
 * Takes one message off the connection; what is behind it is still to be read. Undefined when something else comes, or
 * the connection ends first. Messages have lengths of their own that are bounded.
 */
export function takeMessage<What>(
  socket: Socket,
  read: (bytes: Buffer) => Read<What>,
): Promise<What | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const finish = (what: What | undefined): void => {
      socket.off('readable', look).off('end', end).off('close', end);
      resolve(what);
    };
    const end = (): void => finish(undefined);
    const look = (): void => {
      bytes = Buffer.concat([bytes, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
      const message = read(bytes);
      if (message.kind === 'whole') {
        if (message.rest.length > 0) socket.unshift(message.rest);
        finish(message.what);
      } else if (message.kind === 'invalid') finish(undefined);
    };
    socket.on('readable', look).on('end', end).on('close', end);
    if (socket.destroyed) end();
  });
}
