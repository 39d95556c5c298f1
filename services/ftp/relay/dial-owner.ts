import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { keepAlive } from '../data/keep-alive.ts';
import { type Claim, encodeClaim, isProof, readChallenge, readProof } from './handshake.ts';
import { parseHostAndPort } from './host-and-port.ts';
import { takeMessage } from './message.ts';

/** Milliseconds for the owner to take the connection, within one network; one that is gone is noticed so. */
const CONNECT_MS = 2_000;
/** Milliseconds for its two messages. */
const HANDSHAKE_MS = 5_000;

/** Why an owner was not reached: `unreachable` by TCP, `refused` by its word or for lack of one that is right. */
export type Missed = 'unreachable' | 'refused';

/** The owner at the other end, who has shown that it is one; what it sends is still to be read. */
export async function dialOwner(
  address: string,
  claim: Claim,
  { secret, token }: { readonly secret: string; readonly token: string },
): Promise<Socket | Missed> {
  const place = parseHostAndPort(address);
  if (!place) return 'unreachable';
  const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  let timer = setTimeout(() => socket.destroy(), CONNECT_MS);
  const [connected] = await Promise.race([
    once(socket, 'connect').then(() => [true]),
    once(socket, 'close').then(() => [false]),
  ]).catch(() => [false]);
  clearTimeout(timer);
  if (!connected) {
    socket.destroy();
    return 'unreachable';
  }
  keepAlive(socket);
  timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
  try {
    const nonce = await takeMessage(socket, readChallenge);
    if (nonce) {
      const secrets = { secret, nonce, token };
      socket.write(encodeClaim(claim, secrets));
      const mac = await takeMessage(socket, readProof);
      if (mac && isProof(mac, claim, secrets)) return socket;
    }
    socket.resetAndDestroy();
    return 'refused';
  } finally {
    clearTimeout(timer);
  }
}
