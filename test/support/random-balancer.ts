import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A plain balancer of TCP as of a network's, on loopback: every connection, whatever port it is to, goes to a random
 * listener, which sees the client's own address. It dials from that address, as Linux takes any of 127.0.0.0/8 for its
 * own.
 */
export interface RandomBalancer {
  readonly address: string;
  /** How many connections went to each. */
  readonly sent: ReadonlyMap<string, number>;
  /** New connections go there only. */
  target(listeners: readonly string[]): void;
  close(): void;
}

export interface BalancerOptions {
  readonly address: string;
  readonly ports: readonly number[];
  readonly listeners: readonly string[];
}

export async function startRandomBalancer(options: BalancerOptions): Promise<RandomBalancer> {
  const { address, ports } = options;
  let listeners = options.listeners;
  const sent = new Map<string, number>();
  const open = new Set<Socket>();

  const forward = (client: Socket, port: number): void => {
    const host = listeners[randomInt(listeners.length)]!;
    sent.set(host, (sent.get(host) ?? 0) + 1);
    const listener = connect({ host, port, localAddress: client.remoteAddress!, allowHalfOpen: true });
    for (const [from, to] of [
      [client, listener],
      [listener, client],
    ] as const) {
      open.add(from);
      from.setNoDelay();
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', (failed) => {
        open.delete(from);
        if (failed || !from.readableEnded) to.resetAndDestroy();
      });
    }
  };

  const servers = ports.map((port): Server => {
    const server = createServer({ allowHalfOpen: true }, (client) => forward(client, port));
    return server.listen({ host: address, port, backlog: 511 });
  });
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return {
    address,
    sent,
    target(those) {
      listeners = those;
    },
    close() {
      for (const server of servers) server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
