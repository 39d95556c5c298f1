import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../core/ports/log.ts';
import { freePorts } from '../support/free-ports.ts';
import {
  type FtpLab,
  type FtpTalk,
  get,
  type LabOptions,
  put,
  startFtpLab,
  talkTo,
} from '../support/ftp-lab.ts';
import { quietLog } from '../support/quiet-log.ts';

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(options: LabOptions = {}): Promise<FtpLab> {
  const lab = await startFtpLab(options);
  cleanUp.push(() => lab.listener.stop(0));
  return lab;
}

async function enter(lab: FtpLab, from?: string): Promise<FtpTalk> {
  const talk = await talkTo(lab.listener.port, '127.0.0.1', from);
  cleanUp.push(() => talk.socket.destroy());
  await talk.expect(220);
  await talk.say('USER acme', 331);
  await talk.say('PASS secret', 230);
  await talk.say('TYPE I', 200);
  return talk;
}

const expectPort = async (talk: FtpTalk): Promise<number> =>
  Number(/\|\|\|(\d+)\|/.exec(await talk.say('EPSV', 229))![1]);

function knock(port: number, from = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
  socket.on('error', () => undefined);
  cleanUp.push(() => socket.destroy());
  return socket;
}

const isReset = async (socket: Socket): Promise<boolean> => {
  socket.resume();
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  return error.code === 'ECONNRESET';
};

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(5);
};

/** Milliseconds: far less than any time limit of these labs. */
const AT_ONCE_MS = 20_000;

/** One port for all, which is the narrowest there is. */
const onePort = async () => ({ passive: await freePorts(1) });

describe('passive ports', () => {
  it('are open all the time, and nobody gets anything there', async () => {
    const warnings: string[] = [];
    const log: Log = {
      ...quietLog,
      warn: (_fields, text) => void warnings.push(text),
      child: () => quietLog,
    };
    const passive = await freePorts(4);
    await start({ passive, log });
    for (let port = passive.first; port <= passive.last; port += 1) {
      expect(await isReset(knock(port))).toBe(true);
    }
    expect(warnings.filter((text) => text === 'data connections refused')).toHaveLength(1);
  });

  it('that cannot be bound end the start, named with their setting', async () => {
    const { first, last } = await freePorts(3);
    const taken = createServer().listen(first + 1, '127.0.0.1');
    await once(taken, 'listening');
    cleanUp.push(() => taken.close());
    const wrong = startFtpLab({ passive: { first, last } });
    await expect(wrong).rejects.toThrow(
      new RegExp(`^LANDFALL_FTP_PASSIVE_PORTS: .*EADDRINUSE.*:${first + 1}\\. All of ${first}-${last}`),
    );
    // The others are closed again.
    const free = createServer().listen(first, '127.0.0.1');
    await once(free, 'listening');
    free.close();
  });

  it('are shared: one serves many clients at once', async () => {
    const lab = await start(await onePort());
    const talks = await Promise.all(
      Array.from({ length: 20 }, (_, index) => enter(lab, `127.0.1.${index + 1}`)),
    );
    const open = await Promise.all(talks.map((talk) => talk.passive()));
    await Promise.all(talks.map((talk, index) => talk.say(`STOR in/${index}`, 150)));
    for (const [index, data] of open.entries()) data.end(`from ${index}`);
    for (const [index, talk] of talks.entries()) {
      await talk.expect(226);
      expect(await lab.stored(`/in/${index}`)).toEqual(Buffer.from(`from ${index}`));
    }
  });

  it('are different ones for the transfers of one client, which waits when all are taken', async () => {
    const lab = await start({ passive: await freePorts(2) });
    const talks = await Promise.all([1, 2, 3, 4].map(() => enter(lab)));
    const [first, second] = [await expectPort(talks[0]!), await expectPort(talks[1]!)];
    expect(first).not.toBe(second);
    talks[2]!.send('EPSV\r\n');
    await sleep(20);
    talks[3]!.send('PASV\r\n');
    await sleep(50);
    knock(second);
    expect(await talks[2]!.expect(229)).toContain(`|||${second}|`);
    knock(first);
    await talks[3]!.expect(227);
  });

  it('that do not become free in time are refused with 425, and the session goes on', async () => {
    const lab = await start({ ...(await onePort()), timeouts: { dataMs: 200 } });
    const [holder, other] = [await enter(lab), await enter(lab)];
    await holder.say('EPSV', 229);
    const began = performance.now();
    expect(await other.say('PASV', 425)).toContain('All data ports are taken');
    expect(performance.now() - began).toBeGreaterThan(150);
    await other.say('LIST', 425);
    await other.say('NOOP', 200);
  });

  it('are not waited for by who has gone', async () => {
    const lab = await start(await onePort());
    const [holder, gone, next] = [await enter(lab), await enter(lab), await enter(lab)];
    const port = await expectPort(holder);
    gone.send('EPSV\r\n');
    await sleep(20);
    gone.socket.destroy();
    await sleep(20);
    next.send('EPSV\r\n');
    await sleep(20);
    knock(port);
    const began = performance.now();
    await next.expect(229);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
  });

  it('take one connection for each transfer', async () => {
    const lab = await start(await onePort());
    const talk = await enter(lab);
    const port = await expectPort(talk);
    const first = knock(port);
    await once(first, 'connect');
    expect(await isReset(knock(port))).toBe(true);
    await talk.say('STOR in/a', 150);
    first.end('first');
    await talk.expect(226);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('first'));
  });

  it('refuse what is late for a PASV that another one has replaced', async () => {
    const lab = await start({ passive: await freePorts(2) });
    const [talk, other] = [await enter(lab), await enter(lab)];
    const old = await expectPort(talk);
    const port = await expectPort(talk);
    expect(port).not.toBe(old);
    // Nobody else of this address has the old port, so the late connection is nobody's.
    other.send('EPSV\r\n');
    await sleep(20);
    expect(await isReset(knock(old))).toBe(true);
    const data = knock(port);
    await talk.say('STOR in/a', 150);
    data.end('new');
    await talk.expect(226);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('new'));
    await other.expect(229);
  });

  it('drop a connection that was made for a PASV that another one replaces', async () => {
    const lab = await start({ passive: await freePorts(2) });
    const talk = await enter(lab);
    const old = await talk.passive();
    await sleep(20);
    const closed = once(old.resume(), 'end');
    const data = await talk.passive();
    await closed;
    await talk.say('STOR in/a', 150);
    data.end('new');
    await talk.expect(226);
  });

  it('are not blocked by a flood of strangers', async () => {
    const { passive } = await onePort();
    const talk = await enter(await start({ passive }));
    let knocks = 0;
    let isOver = false;
    const flood = async (): Promise<void> => {
      while (!isOver) {
        const socket = knock(passive.first, '127.0.0.9');
        knocks += 1;
        await once(socket.resume(), 'close').catch(() => undefined);
      }
    };
    const floods = Array.from({ length: 50 }, flood);
    for (let round = 0; round < 20; round += 1) {
      expect(await put(talk, `STOR in/${round}`, 'through')).toMatch(/^226/);
    }
    isOver = true;
    await Promise.all(floods);
    expect(knocks).toBeGreaterThan(100);
  });
});

describe('a partner with several addresses', () => {
  const partner = { ftp: { dataAddresses: ['127.0.2.0/24', '127.0.3.7'] } };

  it('makes its data connections from any of them, and strangers do not', async () => {
    const lab = await start({ ...(await onePort()), partner });
    const talk = await enter(lab);
    for (const from of ['127.0.0.1', '127.0.2.200', '127.0.3.7']) {
      const port = await expectPort(talk);
      for (const stranger of ['127.0.4.1', '127.0.3.8'])
        expect(await isReset(knock(port, stranger))).toBe(true);
      const data = knock(port, from);
      await talk.say(`STOR in/${from}`, 150);
      data.end(from);
      await talk.expect(226);
      expect(await lab.stored(`/in/${from}`)).toEqual(Buffer.from(from));
    }
  });

  it('shares no port with another client that could be meant', async () => {
    const lab = await start({ ...(await onePort()), partner });
    const [talk, other] = [await enter(lab), await enter(lab, '127.0.2.9')];
    const port = await expectPort(talk);
    other.send('EPSV\r\n');
    await sleep(50);
    const data = knock(port, '127.0.2.9');
    await talk.say('STOR in/a', 150);
    data.end('mine');
    await talk.expect(226);
    await other.expect(229);
  });

  it('may name them in PORT, but no port of a service', async () => {
    const lab = await start({ partner });
    const talk = await enter(lab);
    const server = createServer().listen(0, '127.0.3.7');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    await talk.say(`PORT 127,0,3,7,${port >> 8},${port & 255}`, 200);
    const came = once(server, 'connection');
    await talk.say('STOR in/a', 150);
    ((await came) as [Socket])[0].end('there');
    await talk.expect(226);
    await talk.say('PORT 127,0,3,7,0,22', 504);
    await talk.say('PORT 127,0,4,7,200,1', 504);
    await talk.say('EPRT |1|127.0.4.7|51201|', 504);
    await talk.say('EPRT |1|127.0.2.7|51201|', 200);
  });
});

describe('limits of a transfer', () => {
  it('hold its rate, both ways and evenly', async () => {
    const lab = await start({ partner: { limits: { uploadRate: '200 kB', downloadRate: '400 kB' } } });
    const talk = await enter(lab);
    const bytes = Buffer.alloc(300_000, 7);
    let began = performance.now();
    expect(await put(talk, 'STOR in/a', bytes)).toMatch(/^226/);
    const [up, down] = [performance.now() - began, () => performance.now() - began];
    expect(up).toBeGreaterThan(1_300);
    expect(up).toBeLessThan(10_000);
    began = performance.now();
    expect((await get(talk, 'RETR in/a')).equals(bytes)).toBe(true);
    expect(down()).toBeGreaterThan(500);
    expect(down()).toBeLessThan(10_000);
  });

  it('end at once by ABOR', async () => {
    const lab = await start({ partner: { limits: { uploadRate: '1 KiB', downloadRate: '1 KiB' } } });
    const talk = await enter(lab);
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    data.write(Buffer.alloc(100_000));
    await sleep(50);
    const began = performance.now();
    talk.send('ABOR\r\n');
    await talk.expect(426);
    await talk.expect(226);
    await talk.say('PWD', 257);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    data.destroy();
  });

  it('end it after its time', async () => {
    const lab = await start({ partner: { limits: { transferTime: '200 ms' } } });
    const talk = await enter(lab);
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    const drip = setInterval(() => data.write('x'), 10);
    await talk.expect(426);
    clearInterval(drip);
    data.destroy();
    expect(await lab.stored('/in/a')).toBeUndefined();
  });

  it('of memory are not used up by uploads that send nothing more', async () => {
    const lab = await start({
      limits: { total: 400, perAddress: 400 },
      partner: { limits: { sessions: 400 } },
    });
    const idle = await Promise.all(Array.from({ length: 300 }, () => enter(lab)));
    for (const [index, talk] of idle.entries()) {
      const data = await talk.passive();
      await talk.say(`STOR in/idle-${index}`, 150);
      data.write(Buffer.alloc(20_000));
    }
    const talk = await enter(lab);
    const began = performance.now();
    expect(await put(talk, 'STOR in/prompt', Buffer.alloc(2 ** 20))).toMatch(/^226/);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await until(() => lab.pool.used === 0);
  });
});

it.skipIf(platform() !== 'linux')('silent connections are kept alive by the kernel', async () => {
  const lab = await start();
  const talk = await enter(lab);
  const data = await talk.passive();
  await talk.say('STOR in/a', 150);
  const ends = [talk.socket, data].map((socket) => [socket.remotePort, socket.localPort] as const);
  for (const [local, remote] of ends) {
    // proc_net_tcp(5): `tr` 2 is the timer of keep-alive, `tm->when` when it is due, in hundredths of a second.
    await expect
      .poll(async () => {
        const hex = (port: number | undefined): string => port!.toString(16).toUpperCase().padStart(4, '0');
        const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
        const fields = lines
          .map((line) => line.trim().split(/\s+/))
          .find(([, one, other]) => one?.endsWith(`:${hex(local)}`) && other?.endsWith(`:${hex(remote)}`));
        const [timer, due] = fields![5]!.split(':');
        return timer === '02' && Number.parseInt(due!, 16) / 100 <= 60;
      })
      .toBe(true);
  }
});

it('IPv6 clients share the ports too', async () => {
  const lab = await start({ address: '::1', ...(await onePort()) });
  const talk = await talkTo(lab.listener.port, '::1');
  cleanUp.push(() => talk.socket.destroy());
  await talk.expect(220);
  await talk.say('USER acme', 331);
  await talk.say('PASS secret', 230);
  for (const round of [1, 2]) {
    const data = await talk.passive();
    await talk.say(`STOR in/${round}`, 150);
    data.end('six');
    await talk.expect(226);
  }
});
