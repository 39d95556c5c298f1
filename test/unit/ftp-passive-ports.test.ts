import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { endsOf } from '../../services/ftp/client-address.ts';
import { openPassivePorts } from '../../services/ftp/data/passive-ports.ts';
import { freePorts } from '../support/free-ports.ts';
import { quietLog } from '../support/quiet-log.ts';

it('offers what nobody expects to others, and resets what they do not take', async () => {
  const offered: { socket: Socket; port: number; from: string }[] = [];
  const { first, last } = await freePorts(2);
  const ports = await openPassivePorts({
    address: '127.0.0.1',
    first,
    last,
    endsOf: async (socket) => endsOf(socket),
    stray(socket, port, from) {
      offered.push({ socket, port, from });
      return port === last;
    },
    log: quietLog,
  });
  const refused = connect({ port: first, host: '127.0.0.1' });
  const [error] = (await once(refused.resume(), 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');

  const taken = connect({ port: last, host: '127.0.0.1', localAddress: '127.0.0.5' });
  await expect.poll(() => offered.length).toBe(2);
  expect(offered[1]).toMatchObject({ port: last, from: '127.0.0.5' });
  offered[1]!.socket.end('hello');
  const [bytes] = (await once(taken, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('hello');
  for (const socket of [taken, offered[1]!.socket]) socket.destroy();
  ports.close();
});
