import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** The network between one program and a server, which can be cut: then what is open is reset, and nothing comes through. */
export interface CutProxy {
  readonly port: number;
  cut(): void;
  mend(): void;
  close(): void;
}

export async function startCutProxy(target: number): Promise<CutProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (isCut) return void client.resetAndDestroy();
    const onward = connect({ host: '127.0.0.1', port: target });
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(from);
      from.setNoDelay();
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  const port = await freePort();
  await once(server.listen({ host: '127.0.0.1', port }), 'listening');
  const cutAll = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port,
    cut() {
      isCut = true;
      cutAll();
    },
    mend() {
      isCut = false;
    },
    close() {
      server.close();
      cutAll();
    },
  };
}
