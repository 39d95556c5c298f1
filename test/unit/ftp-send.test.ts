import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { send } from '../../services/ftp/data/send.ts';

let server: Server;
let peer: Socket;
let socket: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  peer = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  [socket] = (await once(server, 'connection')) as [Socket];
});
afterEach(() => {
  for (const one of [peer, socket]) one.destroy();
  server.close();
});

// biome-ignore lint/correctness/useYield: that is what is asked of it
async function* nothing(before?: () => void): AsyncGenerator<Buffer> {
  before?.();
}

const options = { sent: () => undefined, signal: new AbortController().signal, stallMs: 10_000 };

it('ends the connection where there is nothing to send', async () => {
  const ended = once(peer.resume(), 'end');
  await send(socket, nothing(), options);
  await ended;
});

it('tells that the connection went without a word, before', async () => {
  socket.destroy();
  await expect(send(socket, nothing(), options)).rejects.toMatchObject({ code: 'cancelled' });
});

it('tells that the connection went without a word, while the source was read', async () => {
  const chunks = nothing(() => void socket.destroy());
  await expect(send(socket, chunks, options)).rejects.toMatchObject({ code: 'cancelled' });
});
