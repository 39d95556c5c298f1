import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { DataPlace } from '../../../core/ports/expectations.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Metrics } from '../../../core/ports/metrics.ts';
import { listen } from '../../listen.ts';
import { endsOf } from '../client-address.ts';
import { keepAlive } from '../data/keep-alive.ts';
import { challengeBytes, encodeChallenge, encodeProof, isClaimProven, readClaim } from './handshake.ts';
import { takeMessage } from './message.ts';
import { asUnread } from './unread.ts';

export interface RelayPortOptions {
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  /** The token of what a session here expects. */
  readonly tokenOf: (at: DataPlace) => string | undefined;
  /** Hands over a data connection, paused and unread; false when no session expects it any more. */
  readonly arrive: (socket: Socket, at: DataPlace, token: string) => boolean;
  /** Takes a connection that brings reports. */
  readonly hear: (link: Socket) => void;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Milliseconds from a connection to its claim. */
const HANDSHAKE_MS = 5_000;
/** Connections that have not proven yet who they are. Of more, the one that has waited longest goes: a listener is quick. */
const MAX_UNPROVEN = 2_000;
/** Connections that the kernel holds while none is accepted: those of a crowd that came at once. */
const LISTEN_BACKLOG = 511;
/** At least so many milliseconds are between two lines of the log that tell of refused connections. */
const REFUSED_LOG_MS = 1_000;

/** Where the other listeners of the fleet bring data connections that came to them. Rejects when it cannot be bound. */
export async function openRelayPort(options: RelayPortOptions): Promise<{ close(): void }> {
  const { secret, tokenOf, arrive, hear, metrics, log } = options;
  const unproven = new Set<Socket>();
  const links = new Set<Socket>();
  /** In place of the token of what nobody expects: it takes the same time to refuse. */
  const nobodys = randomBytes(challengeBytes).toString('base64url');

  let refused = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  const refuse = (socket: Socket, from: string): void => {
    socket.resetAndDestroy();
    metrics.add('landfall_relay_claims_refused_total', {});
    refused += 1;
    if (performance.now() - loggedAt < REFUSED_LOG_MS) return;
    log.warn({ from, refused }, 'relayed connections refused');
    loggedAt = performance.now();
    refused = 0;
  };

  const accept = async (socket: Socket): Promise<void> => {
    socket.on('error', () => undefined);
    const from = endsOf(socket)?.client;
    if (from === undefined) return void socket.destroy();
    if (unproven.size >= MAX_UNPROVEN) {
      const longest = unproven.values().next().value!;
      unproven.delete(longest);
      longest.destroy();
    }
    unproven.add(socket);
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    const nonce = randomBytes(challengeBytes);
    socket.write(encodeChallenge(nonce));
    const claim = await takeMessage(socket, readClaim);
    clearTimeout(timer);
    unproven.delete(socket);
    if (!claim) return refuse(socket, from);
    const token = claim.kind === 'reports' ? '' : tokenOf(claim);
    const secrets = { secret, nonce, token: token ?? nobodys };
    // Who claims sends nothing more before it has our proof.
    const isRight =
      isClaimProven(claim, secrets) &&
      token !== undefined &&
      socket.readableLength === 0 &&
      !socket.destroyed;
    if (!isRight) return refuse(socket, from);
    if (claim.kind === 'reports') {
      keepAlive(socket);
      links.add(socket.on('close', () => links.delete(socket)));
      socket.write(encodeProof(claim, secrets));
      hear(socket);
      return;
    }
    const unread = asUnread(socket);
    unread.write(encodeProof(claim, secrets));
    if (!arrive(unread, claim, token)) refuse(unread, from);
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  const place = { host: options.address, port: options.port, backlog: LISTEN_BACKLOG, exclusive: true };
  await listen(server, place, { address: 'LANDFALL_RELAY_ADDRESS', port: 'LANDFALL_RELAY_PORT' });
  server.on('error', (err) => log.error({ err }, 'relay port failed'));
  return {
    close() {
      server.close();
      for (const socket of [...unproven, ...links]) socket.destroy();
    },
  };
}
