import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import type { Log } from '../../core/ports/log.ts';
import { freePort } from '../support/free-port.ts';
import { freePorts } from '../support/free-ports.ts';
import { type FtpLab, get, put, startFtpLab, talkTo } from '../support/ftp-lab.ts';
import { startFtpsLab } from '../support/ftps-lab.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { PATIENCE } from '../support/patience.ts';
import { startProgram } from './clients/run-program.ts';

/** The proxy is at 127.0.0.1, clients elsewhere on the loopback network. */
const PROXY = '127.0.0.1';
const CLIENT = '127.0.0.7';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** Few, of this test's own. */
const PASSIVE = await freePorts(3);
const PASSIVE_PORTS = [0, 1, 2].map((index) => PASSIVE.first + index);
/** Milliseconds: far less than any time limit of these labs. */
const AT_ONCE_MS = 20_000;
/** Milliseconds in which no client's header is late, and long enough for what tests wait for. */
const HEADER_MS = 60_000;

/** A listener that trusts the proxy, and what it has logged. */
async function lab(more: Parameters<typeof startFtpLab>[0] = {}) {
  const said: { fields: Record<string, unknown>; message: string }[] = [];
  const note = (fields: object, message: string): void =>
    void said.push({ fields: fields as Record<string, unknown>, message });
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const made = await startFtpLab({
    passive: PASSIVE,
    proxies: { from: [PROXY], headerMs: HEADER_MS },
    log,
    ...more,
  });
  cleanUp.push(() => made.listener.stop(0));
  return { ...made, said };
}

async function behindHaproxy(ftp: FtpLab, how: string): Promise<number> {
  const port = await freePort();
  const server = `  server landfall 127.0.0.1:${ftp.listener.port} ${how} check inter 500ms\n`;
  const proxy = await startHaproxy(`listen ftp\n  bind 127.0.0.1:${port}\n${server}`, port);
  cleanUp.push(proxy.stop);
  return port;
}

describe.each(['send-proxy', 'send-proxy-v2'])('behind HAProxy with %s', (how) => {
  it("the client's address is the session's: its data connections are taken, its file tells it", async () => {
    const ftp = await lab();
    const port = await behindHaproxy(ftp, how);
    const url = `ftp://acme:secret@127.0.0.1:${port}/po.txt`;
    const home = await temporaryFolder();
    cleanUp.push(home.remove);
    const from = ['--silent', '--show-error', '--fail', '--interface', CLIENT];
    for (const way of [['--epsv'], ['--disable-epsv'], ['--ftp-port', CLIENT]]) {
      const args = [...from, ...way, '-T', '-', url];
      await startProgram({ command: 'curl', args, input: `by ${way[0]}` }, home.path).done;
      expect((await ftp.stored('/po.txt'))?.toString()).toBe(`by ${way[0]}`);
    }
    const senders = ftp.events.map((event) => JSON.parse(event).data.arrival.remote);
    expect(senders).toEqual([CLIENT, CLIENT, CLIENT]);
  });

  it('one port carries control and data, told apart by the port that the client dialled', async () => {
    const ftp = await lab();
    const control = await freePort();
    const binds = [control, ...PASSIVE_PORTS].map((port) => `  bind 127.0.0.9:${port}\n`).join('');
    const server = `  server landfall 127.0.0.1:${ftp.listener.port} source ${PROXY} ${how}\n`;
    const proxy = await startHaproxy(`listen ftp\n${binds}${server}`, control, '127.0.0.9');
    cleanUp.push(proxy.stop);
    for (let count = 0; count < 10; count += 1) {
      const talk = await talkTo(control, '127.0.0.9', CLIENT);
      await talk.expect(220);
      await talk.say('USER acme', 331);
      await talk.say('PASS secret', 230);
      await talk.say('TYPE I', 200);
      expect(await put(talk, `STOR ${count}`, `bytes ${count}`)).toMatch(/^226/);
      expect((await get(talk, `RETR ${count}`)).toString()).toBe(`bytes ${count}`);
      expect(await put(talk, 'STOR empty', '')).toMatch(/^550 Empty/);
      await talk.say('QUIT', 221);
    }
  });

  it.each(['ftp', 'ftps'])('TLS comes behind the header: %s', async (scheme) => {
    const ftp = await startFtpsLab({ passive: PASSIVE, proxies: { from: [PROXY], headerMs: HEADER_MS } });
    cleanUp.push(ftp.close);
    const control = await freePort();
    const listener = scheme === 'ftps' ? ftp.listener.implicitPort : ftp.listener.port;
    const listen = (name: string, port: number, to = port): string =>
      `listen ${name}\n  bind 127.0.0.9:${port}\n  server s 127.0.0.1:${to} source ${PROXY} ${how}\n`;
    const ports = PASSIVE_PORTS.map((port) => listen(`data${port}`, port)).join('');
    const proxy = await startHaproxy(`${listen('control', control, listener)}${ports}`, control, '127.0.0.9');
    cleanUp.push(proxy.stop);
    const url = `${scheme}://acme:secret@127.0.0.9:${control}/po.txt`;
    const common = ['--silent', '--show-error', '--ssl-reqd', '--insecure', '--interface', CLIENT];
    const curl = (args: string[], input = '') =>
      startProgram({ command: 'curl', args: [...common, ...args], input }, ftp.folder).done;
    await curl(['-T', '-', url], 'under TLS');
    expect((await ftp.stored('/po.txt'))?.toString()).toBe('under TLS');
    expect(await curl([url])).toBe('under TLS');
  });

  it('limits count clients, not the proxy', async () => {
    const ftp = await lab({ limits: { total: 100, perAddress: 1 } });
    const port = await behindHaproxy(ftp, how);
    const first = await talkTo(port, PROXY, CLIENT);
    await first.expect(220);
    await (await talkTo(port, PROXY, CLIENT)).expect(421);
    await (await talkTo(port, PROXY, '127.0.0.8')).expect(220);
  });

  it("the proxy's own looks at the port leave no trace but their sessions", async () => {
    const ftp = await lab();
    await behindHaproxy(ftp, how);
    // Several of them.
    await sleep(2_000);
    expect(ftp.said.filter(({ message }) => message.includes('PROXY header is not valid'))).toEqual([]);
  });
});

/** A connection from the proxy's address, which sends the bytes. */
async function send(ftp: FtpLab, bytes: string, from = PROXY): Promise<Socket> {
  const socket = connect({ port: ftp.listener.port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** The header of a client's connection to the port. */
const headerFor = (port: number): string => `PROXY TCP4 ${CLIENT} 127.0.0.1 40000 ${port}\r\n`;

const allFrom = async (socket: Socket): Promise<string> => {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
};

describe('the header', () => {
  const header = headerFor(21);

  it('may come byte by byte, and commands right behind it', async () => {
    const ftp = await lab();
    const socket = await send(ftp, '');
    const all = allFrom(socket);
    for (const byte of header.slice(0, -1)) {
      socket.write(byte);
      await sleep(1);
    }
    socket.write('\nNOOP\r\nQUIT\r\n');
    expect(await all).toMatch(/^220 .*\r\n200 .*\r\n221 .*\r\n$/);
  });

  it('with the end of the connection right behind it leaves no session behind', async () => {
    const fleet = createLocalFleet();
    const enter: Fleet['enter'] = async (who, limits) => {
      await sleep(100);
      return fleet.enter(who, limits);
    };
    const ftp = await lab({ limits: { total: 1, perAddress: 1 }, fleet: { ...fleet, enter } });
    const began = performance.now();
    const socket = await send(ftp, header);
    socket.end();
    await allFrom(socket);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    const next = await send(ftp, `${header}QUIT\r\n`);
    expect(await allFrom(next)).toMatch(/221 /);
  });

  it('of a data connection may come with the whole file, or with the end of an empty one', async () => {
    const ftp = await lab();
    const control = await send(ftp, `${header}USER acme\r\nPASS secret\r\nTYPE I\r\n`);
    let said = '';
    control.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const files: [bytes: string, reply: string][] = [
      ['all of it', '226 '],
      ['', '550 Empty'],
      ['x'.repeat(200_000), '226 '],
    ];
    for (const [index, [bytes, reply]] of files.entries()) {
      said = '';
      control.write('EPSV\r\n');
      await vi.waitUntil(() => /\|\|\|\d+\|/.test(said), PATIENCE);
      const port = Number(/\|\|\|(\d+)\|/.exec(said)![1]);
      (await send(ftp, `${headerFor(port)}${bytes}`)).end();
      await sleep(50);
      control.write(`STOR ${index}\r\n`);
      await vi.waitUntil(() => said.includes(reply), PATIENCE);
      expect((await ftp.stored(`/${index}`))?.toString() ?? '').toBe(bytes);
    }
    control.destroy();
  });

  it('that does not come ends the connection, and the log says what AWS does', async () => {
    const ftp = await lab({ proxies: { from: ['127.0.0.0/24'], headerMs: 2_000 } });
    for (const begun of ['', 'PROXY TCP4 ']) {
      expect(await allFrom(await send(ftp, begun))).toBe('');
    }
    const lines = ftp.said.filter(({ message }) => message.includes('AWS Network Load Balancer'));
    expect(lines.map(({ fields }) => fields.bytes)).toEqual([0, 11]);
  });

  it.each(['USER acme\r\n', 'PROXY TCP4 nonsense\r\n', '\r\n\r\n\0\r\nQUIT\nnonsense'])(
    'that is none ends the connection without a word: %j',
    async (bytes) => {
      const ftp = await lab();
      expect(await allFrom(await send(ftp, bytes))).toBe('');
      expect(ftp.said.map(({ message }) => message)).toEqual([
        'connection ended: its PROXY header is not valid',
      ]);
    },
  );

  it('is not believed from anybody else, and not waited for', async () => {
    const ftp = await lab({ limits: { total: 100, perAddress: 1 } });
    const stranger = await talkTo(ftp.listener.port, PROXY, '127.0.0.66');
    await stranger.expect(220);
    await stranger.say(`PROXY TCP4 ${CLIENT} 127.0.0.1 40000 21`, 500);
    // Its own address is still what counts.
    await (await talkTo(ftp.listener.port, PROXY, '127.0.0.66')).expect(421);
  });

  it('that is waited for when it is told to stop may be that of a transfer, which ends in order', async () => {
    const ftp = await lab();
    const control = await send(ftp, `${header}USER acme\r\nPASS secret\r\nTYPE I\r\nEPSV\r\n`);
    let said = '';
    control.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await vi.waitUntil(() => /\|\|\|\d+\|/.test(said), PATIENCE);
    const port = Number(/\|\|\|(\d+)\|/.exec(said)![1]);
    control.write('STOR late\r\n');
    const data = await send(ftp, '');
    await vi.waitUntil(() => said.includes('150 '), PATIENCE);
    const stopped = ftp.listener.stop(60_000);
    await sleep(50);
    data.end(`${headerFor(port)}all of it`);
    await stopped;
    expect(said).toMatch(/226 [\s\S]*421 /);
    expect((await ftp.stored('/late'))?.toString()).toBe('all of it');
  });

  it('that is waited for does not hold up the stop', async () => {
    const ftp = await startFtpLab({ passive: PASSIVE, proxies: { from: [PROXY], headerMs: HEADER_MS } });
    const socket = await send(ftp, '');
    await sleep(50);
    const began = performance.now();
    await ftp.listener.stop(0);
    await vi.waitUntil(() => socket.destroyed, PATIENCE);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
  });
});

it('IPv6 clients behind a proxy on IPv4 transfer by EPRT only to themselves', async () => {
  const ftp = await lab();
  const socket = await send(ftp, 'PROXY TCP6 ::1 2001:db8::1 40000 21\r\nUSER acme\r\nPASS secret\r\n');
  const all = allFrom(socket);
  socket.write('EPRT |2|2001:db8::66|2000|\r\nEPRT |2|::1|2000|\r\nQUIT\r\n');
  expect((await all).match(/^\d{3}/gm)).toEqual(['220', '331', '230', '504', '200', '221']);
});

it('without trusted proxies nothing changes', async () => {
  const ftp = await lab({ proxies: { from: [], headerMs: HEADER_MS } });
  const talk = await ftp.logIn();
  expect(await put(talk, 'STOR a', 'bytes')).toMatch(/^226/);
  expect((await get(talk, 'RETR a')).toString()).toBe('bytes');
});
