import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { type FtpLab, type FtpTalk, get, put, startFtpLab, talkTo } from '../support/ftp-lab.ts';

let lab: FtpLab;
let talk: FtpTalk;
beforeEach(async () => {
  lab = await startFtpLab();
  talk = await lab.logIn();
});
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
  expect(lab.pool.used).toBe(0);
});

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(5);
};

/** An upload of which the first bytes are under way; resolves when the server has them. */
async function half(path: string, bytes: string | Buffer): Promise<Socket> {
  const data = await talk.passive();
  await talk.say(`STOR ${path}`, 150);
  data.write(bytes);
  await until(async () => (await talk.say('STAT', 211)).includes(`has moved ${bytes.length} bytes`));
  return data;
}

const urlOf = (port: number): string => `ftp://acme:secret@127.0.0.1:${port}/in/a`;

const suspendedSize = async (path: string): Promise<number | undefined> =>
  (await lab.store.uploads.suspended(`files/acme${path}`))?.size;

describe('large files', () => {
  it('arrive whole, and go out whole', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 5);
    expect(await put(talk, 'STOR in/a', bytes)).toMatch(/^226/);
    expect((await lab.stored('/in/a'))?.equals(bytes)).toBe(true);
    expect((await get(talk, 'RETR in/a')).equals(bytes)).toBe(true);
    expect(lab.pool.peak).toBeLessThanOrEqual(2);
  });
});

describe('an upload is kept, and not there, when', () => {
  const notThere = async (path: string, size: number): Promise<void> => {
    await until(async () => (await suspendedSize(path)) !== undefined);
    expect(await suspendedSize(path)).toBe(size);
    expect(await lab.stored(path)).toBeUndefined();
    expect(lab.events).toEqual([]);
  };

  it('the data connection is reset', async () => {
    const data = await half('in/a', 'hello');
    data.resetAndDestroy();
    await talk.expect(426);
    await notThere('/in/a', 5);
  });

  it('the control connection is reset', async () => {
    const data = await half('in/a', 'hello');
    talk.socket.resetAndDestroy();
    await notThere('/in/a', 5);
    data.destroy();
  });

  it.each(['control', 'data'])(
    'the client is killed: both connections end in order, %s first',
    async (first) => {
      const data = await half('in/a', 'hello');
      const both = [talk.socket, data];
      if (first === 'data') both.reverse();
      for (const socket of both) socket.end();
      await notThere('/in/a', 5);
    },
  );

  it.each([
    ['plain', 'ABOR\r\n'],
    ['after IAC IP and IAC DM', '\xff\xf4\xff\xf2ABOR\r\n'],
    ['with bytes gone out of band', '\xff\xf4\xf2ABOR\r'],
  ])('ABOR comes, %s', async (_name, bytes) => {
    const data = await half('in/a', 'hello');
    talk.send(Buffer.from(bytes, 'latin1'));
    await talk.expect(426);
    await talk.expect(226);
    await notThere('/in/a', 5);
    data.destroy();
    await talk.say('NOOP', 200);
  });

  it('nothing comes for too long', async () => {
    const slow = await startFtpLab({ timeouts: { stallMs: 2_000 } });
    const other = await slow.logIn();
    const data = await other.passive();
    await other.say('STOR in/a', 150);
    data.write('hello');
    await other.expect(426);
    expect((await slow.store.uploads.suspended('files/acme/in/a'))?.size).toBe(5);
    other.socket.destroy();
    await slow.listener.stop(0);
  });

  it('the whole takes too long', async () => {
    const slow = await startFtpLab({ timeouts: { transferMs: 100 } });
    const other = await slow.logIn();
    const data = await other.passive();
    await other.say('STOR in/a', 150);
    const trickle = setInterval(() => data.write('x'), 10);
    await other.expect(426);
    clearInterval(trickle);
    data.destroy();
    expect(await slow.stored('/in/a')).toBeUndefined();
    other.socket.destroy();
    await slow.listener.stop(0);
  });

  it.each([
    ['curl', (file: string, port: number) => ['-sS', '-C', '-', '-T', file, urlOf(port)]],
    ['lftp', (file: string, port: number) => ['-c', `put -c ${file} -o ${urlOf(port)}`]],
  ])('all its bytes came and no reply went: %s finds that it is not whole', async (client, words) => {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-'));
    await writeFile(join(folder, 'file'), 'hello');
    const data = await half('in/a', 'hello');
    talk.socket.resetAndDestroy();
    await notThere('/in/a', 5);
    data.destroy();
    await promisify(execFile)(client, words(join(folder, 'file'), lab.listener.port));
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello'));
    expect(lab.events).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  it('it would replace a file: curl, which asks for SIZE, never takes a part of that for the whole', async () => {
    const download = () => promisify(execFile)('curl', ['-sS', urlOf(lab.listener.port)]);
    await put(talk, 'STOR in/a', 'the old file');
    expect((await download()).stdout).toBe('the old file');
    const data = await half('in/a', 'hello ');
    data.resetAndDestroy();
    await talk.expect(426);
    await expect(download()).rejects.toThrow('550');
    await talk.say('REST 5', 350);
    await put(talk, 'STOR in/a', ' world');
    expect((await download()).stdout).toBe('hello world');
  });

  it('and goes on from where it was', async () => {
    const data = await half('in/a', 'hello ');
    data.resetAndDestroy();
    await talk.expect(426);
    expect(await talk.say('SIZE in/a', 213)).toBe('213 5');
    await talk.say('REST 5', 350);
    expect(await put(talk, 'STOR in/a', ' world')).toMatch(/^226/);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello world'));
    expect(lab.events).toHaveLength(1);
  });
});

describe('while a transfer runs', () => {
  it('STAT and NOOP are answered, other commands wait', async () => {
    const data = await half('in/a', 'hello');
    expect(await talk.say('STAT', 211)).toContain('The upload of /in/a has moved 5 bytes');
    await talk.say('NOOP', 200);
    talk.send('PWD\r\nNOOP\r\n');
    await sleep(20);
    data.end();
    await talk.expect(226);
    await talk.expect(257);
    await talk.expect(200);
  });

  it('QUIT waits for its end', async () => {
    const data = await half('in/a', 'hello');
    talk.send('QUIT\r\n');
    await sleep(20);
    data.end();
    await talk.expect(226);
    await talk.expect(221);
    await talk.closed;
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello'));
  });

  it('a download can be ended, and its end is seen to be none', async () => {
    await put(talk, 'STOR in/big', Buffer.alloc(16 * 1024 * 1024, 1));
    const data = await talk.passive();
    await talk.say('RETR in/big', 150);
    await once(data, 'readable');
    const lost = once(data, 'error');
    talk.send('ABOR\r\n');
    await talk.expect(426);
    await talk.expect(226);
    data.resume();
    expect((await lost)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('a download whose client goes away is over', async () => {
    await put(talk, 'STOR in/big', Buffer.alloc(16 * 1024 * 1024, 1));
    const data = await talk.passive();
    await talk.say('RETR in/big', 150);
    data.resetAndDestroy();
    await talk.expect(426);
  });
});

describe('passive data connections', () => {
  it('are made by PASV too', async () => {
    const said = await talk.say('PASV', 227);
    const numbers = /^227 Entering Passive Mode \(127,0,0,1,(\d+),(\d+)\)\.$/.exec(said)!;
    const port = Number(numbers[1]) * 256 + Number(numbers[2]);
    const data = connect(port, '127.0.0.1');
    await talk.say('LIST', 150);
    data.resume();
    await talk.expect(226);
  });

  it('must come in time', async () => {
    const hasty = await startFtpLab({ timeouts: { dataMs: 300 } });
    const other = await hasty.logIn();
    await other.say('EPSV', 229);
    await other.say('STOR in/a', 150);
    await other.expect(425);
    await other.say('LIST', 425);
    other.socket.destroy();
    await hasty.listener.stop(0);
  });

  it('are refused to other addresses, which do not spoil it for the client', async () => {
    const port = Number(/\|\|\|(\d+)\|/.exec(await talk.say('EPSV', 229))![1]);
    const thief = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    thief.on('error', () => undefined);
    thief.resume();
    await new Promise((resolve) => thief.once('close', resolve));
    const data = connect(port, '127.0.0.1');
    await talk.say('STOR in/a', 150);
    data.end('mine');
    await talk.expect(226);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('mine'));
  });

  it('tell the configured address', async () => {
    let host: string | undefined = '192.0.2.7';
    const address = async (): Promise<string | undefined> => {
      if (host === '') throw new Error('the resolver is down');
      return host;
    };
    const far = await startFtpLab({ passive: { ...(await freePorts(2)), address } });
    const other = await far.logIn();
    expect(await other.say('PASV', 227)).toContain('(192,0,2,7,');
    host = undefined;
    expect(await other.say('PASV', 227)).toContain('(127,0,0,1,');
    host = '';
    await other.say('PASV', 425);
    other.socket.destroy();
    await far.listener.stop(0);
  });

  it('obey EPSV and its arguments', async () => {
    await talk.say('EPSV 1', 229);
    await talk.say('EPSV 2', 522);
    await talk.say('EPSV 9', 522);
    await talk.say('EPSV x', 501);
    await talk.say('EPSV ALL', 200);
    await talk.say('PASV', 503);
    await talk.say('PORT 127,0,0,1,200,1', 503);
    await talk.say('EPRT |1|127.0.0.1|51201|', 503);
    await talk.say('EPSV', 229);
  });
});

describe('active data connections', () => {
  async function listen(): Promise<{ port: number; data: Promise<Socket> }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const data = once(server, 'connection').then(([socket]) => {
      server.close();
      return socket as Socket;
    });
    return { port: (server.address() as AddressInfo).port, data };
  }

  it('go to the client by PORT and EPRT', async () => {
    const first = await listen();
    await talk.say(`PORT 127,0,0,1,${first.port >> 8},${first.port & 255}`, 200);
    await talk.say('STOR in/a', 150);
    (await first.data).end('hello');
    await talk.expect(226);
    const second = await listen();
    await talk.say(`EPRT |1|127.0.0.1|${second.port}|`, 200);
    await talk.say('RETR in/a', 150);
    const chunks: Buffer[] = [];
    for await (const chunk of await second.data) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('hello');
    await talk.expect(226);
  });

  it('go nowhere else (a bounce), and to no well-known port', async () => {
    await talk.say('PORT 10,0,0,1,200,1', 504);
    await talk.say('PORT 127,0,0,1,0,22', 504);
    await talk.say('EPRT |1|10.0.0.1|51201|', 504);
    await talk.say('EPRT |3|10.0.0.1|51201|', 522);
    await talk.say('PORT nonsense', 501);
    await talk.say('LIST', 425);
  });

  it('that nobody takes are no connections', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await talk.say(`EPRT |1|127.0.0.1|${port}|`, 200);
    await talk.say('STOR in/a', 150);
    await talk.expect(425);
    expect(await suspendedSize('/in/a')).toBeUndefined();
  });
});

describe('IPv6', () => {
  it('has EPSV and EPRT, and no PASV', async () => {
    const passive = { ...(await freePorts(3)), address: async () => '127.0.0.1' };
    const six = await startFtpLab({ address: '::1', passive });
    const other = await talkTo(six.listener.port, '::1');
    await other.expect(220);
    await other.say('USER acme', 331);
    await other.say('PASS secret', 230);
    await other.say('PASV', 502);
    await other.say('EPSV 1', 522);
    await other.say('PORT 127,0,0,1,200,1', 504);
    const data = await other.passive();
    await other.say('STOR in/a', 150);
    data.end('six');
    await other.expect(226);
    other.socket.destroy();
    await six.listener.stop(0);
  });

  it('listeners know IPv4 clients by their own address', async () => {
    const dual = await startFtpLab({ address: '::' });
    const other = await dual.logIn();
    expect(await other.say('PASV', 227)).toContain('(127,0,0,1,');
    expect(await put(other, 'STOR in/a', 'four')).toMatch(/^226/);
    other.socket.destroy();
    await dual.listener.stop(0);
  });
});
