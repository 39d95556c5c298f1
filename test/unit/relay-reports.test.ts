import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHearOfEnds } from '../../services/ftp/relay/hear-of-ends.ts';
import { encodeReport, takeReports } from '../../services/ftp/relay/records.ts';
import { openRelayPort } from '../../services/ftp/relay/relay-port.ts';
import { createTellOwners } from '../../services/ftp/relay/tell-owners.ts';
import { freePort } from '../support/free-port.ts';
import { noMetrics } from '../support/no-metrics.ts';
import { quietLog } from '../support/quiet-log.ts';

const token = 'a'.repeat(22);
const never = new AbortController().signal;
const cleanUp: (() => unknown)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const undo of cleanUp.splice(0).reverse()) undo();
});

async function pair(): Promise<[near: Socket, far: Socket]> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [near] = (await once(server, 'connection')) as [Socket];
  cleanUp.push(() => void [near.destroy(), far.destroy(), server.close()]);
  return [near, far];
}

describe('a listener that relays', () => {
  it('and says nothing any more, though its kernel holds the line, has lost what it relayed', async () => {
    const ends = createHearOfEnds();
    const [[data], [near, far]] = [await pair(), await pair()];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    ends.hear(near);
    const settled = ends.connection(data, token).settled('listener', never);
    settled.catch(() => undefined);
    const hears = async (tiding: 'began' | 'alive'): Promise<void> => {
      const came = once(near, 'data');
      far.write(encodeReport({ tiding, token }));
      await came;
    };
    await hears('began');
    for (let count = 0; count < 5; count += 1) {
      vi.advanceTimersByTime(40_000);
      await hears('alive');
    }
    expect(near.destroyed).toBe(false);
    vi.advanceTimersByTime(60_000);
    await expect(settled).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is asked whether it is there, and says so', async () => {
    const port = await freePort();
    const ends = createHearOfEnds();
    const heard: string[] = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const relayPort = await openRelayPort({
      address: '127.0.0.1',
      port,
      secret: 'secret',
      tokenOf: () => undefined,
      arrive: () => false,
      hear(link) {
        ends.hear(link);
        link.on('data', (bytes) => heard.push(...takeReports(bytes).reports.map(({ tiding }) => tiding)));
      },
      metrics: noMetrics,
      log: quietLog,
    });
    cleanUp.push(relayPort.close);
    const owners = createTellOwners('secret');
    cleanUp.push(owners.close);
    owners.tell(`127.0.0.1:${port}`, { tiding: 'began', token });
    while (heard.length < 1) await setImmediate();
    vi.advanceTimersByTime(20_000);
    while (heard.length < 2) await setImmediate();
    expect(heard).toEqual(['began', 'alive']);
  });
});
