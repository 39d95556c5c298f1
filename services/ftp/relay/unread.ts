import { Socket } from 'node:net';

/**
 * The connection as if nobody had read from it yet: paused, also in the kernel, and with no buffer between. Only so can
 * a transfer read into memory of its own; see `readInto`, of whose private field this makes use as well. Where that is
 * not there, the same connection is answered, and the bytes are copied.
 *
 * All that came must have been read. `read` is not to be used any more.
 */
export function asUnread(read: Socket): Socket {
  const owner = read as unknown as { _handle?: { readStop?: unknown } | null };
  const handle = owner._handle;
  if (typeof handle?.readStop !== 'function') return read.pause();
  owner._handle = null;
  read.destroy();
  // What `pauseOnConnect` of a server gives its sockets.
  const options = { handle, pauseOnCreate: true, allowHalfOpen: true };
  const socket = new Socket(options as object);
  socket.on('error', () => undefined);
  return socket;
}
