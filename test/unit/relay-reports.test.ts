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

  /** An owner, and what each link has told it; the first ones, as after a cut of the network, it hears nothing of. */
  async function anOwner({ deafLinks = 0 } = {}) {
    const port = await freePort();
    const ends = createHearOfEnds();
    const links: { readonly tidings: string[]; readonly socket: Socket }[] = [];
    const relayPort = await openRelayPort({
      address: '127.0.0.1',
      port,
      secret: 'secret',
      tokenOf: () => undefined,
      arrive: () => false,
      hear(socket) {
        if (links.length >= deafLinks) ends.hear(socket);
        const tidings: string[] = [];
        links.push({ tidings, socket });
        socket.on('data', (bytes) => tidings.push(...takeReports(bytes).reports.map(({ tiding }) => tiding)));
      },
      metrics: noMetrics,
      log: quietLog,
    });
    cleanUp.push(relayPort.close);
    const owners = createTellOwners('secret');
    cleanUp.push(owners.close);
    return { address: `127.0.0.1:${port}`, links, owners };
  }

  it('is asked whether it is there, and says so', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { address, links, owners } = await anOwner();
    owners.begin(address, token);
    while (!links[0]?.tidings.length) await setImmediate();
    vi.advanceTimersByTime(20_000);
    while (links[0]!.tidings.length < 2) await setImmediate();
    expect(links[0]!.tidings).toEqual(['began', 'alive']);
  });

  it('and is told twice of a connection, keeps to what it was told of last', async () => {
    const ends = createHearOfEnds();
    const [[data], [near, far], [nearLater, farLater]] = [await pair(), await pair(), await pair()];
    ends.hear(near);
    ends.hear(nearLater);
    const settled = ends.connection(data, token).settled('client', never);
    const says = async (from: Socket, tiding: 'began' | 'client-ended'): Promise<void> => {
      const noted = once(from, 'data');
      from.write(encodeReport({ tiding, token }));
      if (tiding === 'began') await noted;
    };
    await says(farLater, 'began');
    await says(far, 'began');
    far.destroy();
    await once(near, 'close');
    await says(farLater, 'client-ended');
    await settled;
  });

  it('tells all again over another link when the owner does not note what it was told', async () => {
    const { address, links, owners } = await anOwner({ deafLinks: 1 });
    const telling = owners.begin(address, token);
    telling.tell('client-ended');
    telling.end();
    await vi.waitUntil(() => links[1]?.tidings.length === 2, 5_000);
    expect(links[1]!.tidings).toEqual(['began', 'client-ended']);
    await vi.waitUntil(() => links[0]!.socket.readableEnded);
    expect(links[1]!.socket.readableEnded).toBe(false);
  });

  it('that could not reach the owner tells the rest over the old link, and what is new over another', async () => {
    const { address, links, owners } = await anOwner();
    const old = owners.begin(address, token);
    owners.doubt(address);
    const fresh = owners.begin(address, token);
    old.tell('client-ended');
    fresh.tell('owner-ended');
    await vi.waitUntil(() => links[0]?.tidings.length === 2 && links[1]?.tidings.length === 2);
    expect(links.map(({ tidings }) => tidings).toSorted()).toEqual([
      ['began', 'client-ended'],
      ['began', 'owner-ended'],
    ]);
    expect(links.some(({ socket }) => socket.destroyed)).toBe(false);
    old.end();
    fresh.end();
    await vi.waitUntil(() => links.some(({ socket }) => socket.destroyed));
    expect(links.filter(({ socket }) => socket.destroyed).map(({ tidings }) => tidings[1])).toEqual([
      'client-ended',
    ]);
  });
});
