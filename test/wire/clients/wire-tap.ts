import type { AddressInfo } from 'node:net';
import type { Server } from './client.ts';
import { createHeldPipes, type HeldPipes } from './held-pipes.ts';

/** Stands between a client and Landfall, for talk in the clear: notes the commands, and leads data through itself. */
export interface WireTap extends Pick<HeldPipes, 'hold' | 'release' | 'close'> {
  readonly server: Server;
  /** Command lines, in order. */
  readonly said: string[];
}

export async function startWireTap(server: Server): Promise<WireTap> {
  const said: string[] = [];
  const pipes = createHeldPipes();

  const listen = async (take: Parameters<HeldPipes['listen']>[2]): Promise<number> =>
    ((await pipes.listen(server.host, 0, take)).address() as AddressInfo).port;

  const carryData = (port: number): Promise<number> =>
    listen((client) => pipes.carry(client, pipes.pair(client, { host: server.host, port })));

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
    const upstream = pipes.pair(client, server);
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
    hold: pipes.hold,
    release: pipes.release,
    close: pipes.close,
  };
}
