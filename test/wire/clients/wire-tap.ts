import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from 'node:net';
import type { Server } from './client.ts';

/**
 * Stands between a client and Landfall: notes the commands, and can hold a passive transfer after so many bytes, so
 * that a client can be killed in the middle of one for certain.
 */
export interface WireTap {
  readonly server: Server;
  /** Command lines, in order. */
  readonly said: string[];
  /** Holds the next data connection after `bytes` of that direction. Resolves when it holds. */
  hold(direction: 'up' | 'down', bytes: number): Promise<void>;
  /** Lets go of what is held. */
  release(): void;
  close(): void;
}

export async function startWireTap(server: Server): Promise<WireTap> {
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const listeners = new Set<Listener>();
  let holding: { direction: 'up' | 'down'; left: number; held: () => void } | undefined;
  let release = (): void => undefined;

  const listen = async (take: (client: Socket) => void): Promise<number> => {
    const listener = createServer({ allowHalfOpen: true }, take).listen(0, server.host);
    listeners.add(listener);
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  };

  const pair = (client: Socket, port: number): Socket => {
    const upstream = connect({ port, host: server.host, allowHalfOpen: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.setNoDelay();
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => other.destroySoon());
      one.on('end', () => other.end());
    }
    return upstream;
  };

  const carry = (direction: 'up' | 'down', from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      const bytes = chunk;
      if (holding?.direction === direction) {
        if (bytes.length < holding.left) holding.left -= bytes.length;
        else {
          const { left, held } = holding;
          holding = undefined;
          from.pause().unshift(bytes.subarray(left));
          release = () => from.resume();
          to.write(bytes.subarray(0, left), () => held());
          return;
        }
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  };

  const carryData = (port: number): Promise<number> =>
    listen((client) => {
      const upstream = pair(client, port);
      carry('up', client, upstream);
      carry('down', upstream, client);
    });

  /** The reply, with a port of ours instead of Landfall's. */
  const throughUs = async (line: string): Promise<string> => {
    const [, before, high, low] = /^(227 .*\((?:\d+,){4})(\d+),(\d+)\)/.exec(line) ?? [];
    if (before) {
      const port = await carryData(Number(high) * 256 + Number(low));
      return `${before}${port >> 8},${port & 255}).\r\n`;
    }
    const extended = /^229 .*\(\|\|\|(\d+)\|\)/.exec(line);
    if (extended)
      return `229 Entering Extended Passive Mode (|||${await carryData(Number(extended[1]))}|)\r\n`;
    return line;
  };

  const port = await listen((client) => {
    const upstream = pair(client, server.port);
    let command = '';
    client.on('data', (bytes: Buffer) => {
      command += bytes.toString();
      const lines = command.split('\r\n');
      command = lines.pop()!;
      said.push(...lines);
      upstream.write(bytes);
    });
    let reply = '';
    let sent = Promise.resolve();
    upstream.on('data', (bytes: Buffer) => {
      reply += bytes.toString();
      const lines = reply.split(/(?<=\n)/);
      reply = lines.at(-1)!.endsWith('\n') ? '' : lines.pop()!;
      for (const line of lines) {
        sent = sent.then(async () => {
          client.write(await throughUs(line));
        });
      }
    });
  });

  return {
    server: { ...server, port },
    said,
    hold: (direction, bytes) =>
      new Promise<void>((held) => {
        holding = { direction, left: bytes, held };
      }),
    release: () => release(),
    close() {
      for (const socket of sockets) socket.destroy();
      for (const listener of listeners) listener.close();
    },
  };
}
