import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Partner } from '../../core/partner.ts';
import type { Zone } from '../../core/zone.ts';
import { type FtpTalk, put, startFtpLab } from '../support/ftp-lab.ts';
import {
  type FtpsLab,
  type FtpsLabOptions,
  getTls,
  putTls,
  type SecureTalk,
  startFtpsLab,
} from '../support/ftps-lab.ts';

/** Milliseconds: far less than a handshake may take. */
const AT_ONCE_MS = 20_000;

let lab: FtpsLab;
const open = async (options?: FtpsLabOptions): Promise<void> => {
  lab = await startFtpsLab(options);
};
beforeEach(() => open());
afterEach(async () => {
  await lab.close();
  expect(lab.pool.used).toBe(0);
});
const reopen = async (options: FtpsLabOptions): Promise<void> => {
  await lab.close();
  await open(options);
};

async function transcript(talk: FtpTalk, lines: readonly (readonly [string, number])[]): Promise<void> {
  for (const [line, answer] of lines) {
    talk.send(`${line}\r\n`);
    const said = await talk.reply();
    expect(`${line}: ${said.slice(0, 3)}`).toBe(`${line}: ${answer}`);
  }
}

describe('AUTH, PBSZ, PROT, CCC', () => {
  it('are told by FEAT where there is TLS, and nowhere else', async () => {
    const talk = await lab.logIn();
    const features = await talk.say('FEAT', 211);
    for (const feature of ['AUTH TLS', 'PBSZ', 'PROT']) expect(features).toContain(`\n ${feature}\n`);
    const without = await startFtpLab();
    const other = await without.logIn();
    expect(await other.say('FEAT', 211)).not.toMatch(/AUTH|PBSZ|PROT/);
    await transcript(other, [
      ['AUTH TLS', 431],
      ['AUTH KERBEROS_V4', 504],
      ['PBSZ 0', 503],
    ]);
    await without.listener.stop(0);
  });

  it('have an order and a syntax', async () => {
    const plain = await lab.dial();
    await plain.expect(220);
    await transcript(plain, [
      ['PBSZ 0', 503],
      ['PROT P', 503],
      ['AUTH', 501],
      ['AUTH GSSAPI', 504],
      ['CCC', 530],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['CCC', 533],
    ]);
    const talk = await lab.dialTls();
    await transcript(talk, [
      ['AUTH TLS', 503],
      ['PROT P', 503],
      ['PBSZ x', 501],
      ['PBSZ 4294967296', 501],
      ['PBSZ 16384', 200],
      ['PROT X', 504],
      ['PROT S', 536],
      ['PROT E', 536],
      ['PROT P', 200],
      ['PROT c', 200],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['CCC', 534],
    ]);
  });

  it.each([
    ['TLS', 'in the clear'],
    ['tls', 'in the clear'],
    ['TLS-C', 'in the clear'],
    ['SSL', 'private'],
    ['TLS-P', 'private'],
  ])('AUTH %s begins TLS, with data connections %s', async (mechanism, data) => {
    const plain = await lab.dial();
    await plain.expect(220);
    await plain.say(`AUTH ${mechanism}`, 234);
    const talk = await lab.upgrade(plain);
    await talk.say('USER acme', 331);
    await talk.say('PASS secret', 230);
    const said = data === 'private' ? putTls(talk, 'STOR in/a', 'x') : put(talk, 'STOR in/a', 'x');
    expect(await said).toBe('226 The file is stored.');
  });

  it('AUTH ends the login that was', async () => {
    const talk = await lab.logIn();
    await talk.say('AUTH TLS', 234);
    const secure = await lab.upgrade(talk);
    await transcript(secure, [
      ['PWD', 530],
      ['PASS secret', 503],
    ]);
  });
});

describe('the handshake', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s, with ALPN where it is asked for', async (version) => {
    const talk = await lab.dialTls({ minVersion: version, maxVersion: version });
    expect(talk.socket.getProtocol()).toBe(version);
    expect(talk.socket.alpnProtocol).toBe('ftp');
    const without = await lab.dialTls({ ALPNProtocols: [] });
    expect(without.socket.alpnProtocol).toBe(false);
    await expect(lab.dialTls({ ALPNProtocols: ['http/1.1'] })).rejects.toThrow();
  });

  it('drops what was sent in the clear ahead of it', async () => {
    const talk = await lab.dial();
    await talk.expect(220);
    talk.send('AUTH TLS\r\nUSER acme\r\nPASS secret\r\nMKD /in/injected\r\nPW');
    await talk.expect(234);
    const secure = await lab.upgrade(talk);
    // Neither answered, nor in the way of what comes now.
    expect(await secure.say('NOOP', 200)).toBeDefined();
    await transcript(secure, [
      ['PASS secret', 503],
      ['PWD', 530],
    ]);
  });

  it('that never comes, or is none, ends the connection and nothing else', async () => {
    await reopen({ handshakeMs: 3_000 });
    const silent = await lab.dial();
    await silent.expect(220);
    await silent.say('AUTH TLS', 234);
    const garbage = await lab.dial();
    await garbage.expect(220);
    await garbage.say('AUTH TLS', 234);
    garbage.send(Buffer.alloc(10_000, 'x'));
    const implicit = connectTcp(lab.listener.implicitPort!, '127.0.0.1').on('error', () => undefined);
    await Promise.all([silent.closed, garbage.closed, once(implicit, 'close')]);
    const gone = await lab.dial();
    await gone.expect(220);
    await gone.say('AUTH TLS', 234);
    gone.socket.resetAndDestroy();
    const talk = await lab.logInTls();
    expect(await putTls(talk, 'STOR in/a', 'x')).toMatch(/^226/);
  });

  it('may be refused to TLS 1.2', async () => {
    await reopen({ minVersion: 'TLSv1.3' });
    await expect(lab.dialTls({ maxVersion: 'TLSv1.2' })).rejects.toThrow();
    await lab.dialTls();
  });

  it('is not done again in the same connection', async () => {
    const talk = await lab.dialTls({ maxVersion: 'TLSv1.2' });
    const outcome = await new Promise((resolve) => {
      talk.socket.once('error', resolve);
      talk.socket.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    expect(outcome).toBeInstanceOf(Error);
  });
});

describe('a partner that demands TLS', () => {
  it.each(['control', 'required'])(
    'on what is %s sends no password in the clear where all do',
    async (tls) => {
      await reopen({ partner: { ftp: { tls } } });
      const talk = await lab.dial();
      await talk.expect(220);
      await transcript(talk, [
        ['USER acme', 534],
        ['PASS secret', 503],
        ['USER nobody', 534],
      ]);
      await lab.logInTls();
    },
  );

  it('is refused in the clear as a wrong password is, where others are not', async () => {
    await reopen({
      partner: { ftp: { tls: 'control' } },
      others: [{ name: 'open', logins: [{ user: 'open' }] }],
    });
    const answers: string[] = [];
    for (const [user, password] of [
      ['acme', 'secret'],
      ['acme', 'wrong'],
      ['nobody', 'secret'],
    ]) {
      const talk = await lab.dial();
      await talk.expect(220);
      await talk.say(`USER ${user}`, 331);
      answers.push(await talk.say(`PASS ${password}`, 530));
      talk.socket.destroy();
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('AUTH TLS');
  });

  it('on data connections has none in the clear', async () => {
    await reopen({ partner: { ftp: { tls: 'required' } } });
    const talk = await lab.dialTls();
    await transcript(talk, [
      ['PBSZ 0', 200],
      ['PROT C', 200],
      ['USER acme', 331],
      ['PASS secret', 230],
    ]);
    for (const command of ['STOR in/a', 'RETR in/a', 'LIST']) {
      await talk.say('EPSV', 229);
      await talk.say(command, 521);
    }
    await transcript(talk, [
      ['PROT C', 534],
      ['PROT P', 200],
      ['TYPE I', 200],
    ]);
    expect(await putTls(talk, 'STOR in/a', 'x')).toMatch(/^226/);
  });
});

describe('a client certificate', () => {
  const shown = async () => ({
    cert: await readFile(lab.client.certificate),
    key: await readFile(lab.client.key),
  });

  it('logs in, and nobody else by that name', async () => {
    await transcript(await lab.dialTls(await shown()), [
      ['USER card', 232],
      ['PASS x', 503],
      ['PWD', 257],
      ['USER acme', 331],
      ['PASS secret', 230],
    ]);
    await transcript(await lab.dialTls(), [
      ['USER card', 331],
      ['PASS secret', 530],
    ]);
  });
});

it('a session that began in the clear does no more when TLS is demanded of its partner', async () => {
  let tls: Partner['ftp']['tls'] = 'optional';
  const zoneOf = (partner: Partner): Pick<Zone, 'partner' | 'stat'> => ({
    get partner() {
      return { ...partner, ftp: { ...partner.ftp, tls } };
    },
    stat: async (name) => ({ kind: 'folder', name, modified: new Date() }),
  });
  await reopen({ openZone: async (partner) => zoneOf(partner) as Zone });
  const talk = await lab.logIn();
  await talk.say('CWD in', 250);
  tls = 'control';
  await transcript(talk, [
    ['CWD in', 530],
    ['EPSV', 530],
    ['AUTH TLS', 234],
  ]);
});

describe('HOST', () => {
  it('that was said in the clear counts no more where the handshake names another host', async () => {
    await reopen({ partner: { hosts: ['a.example'] } });
    const logInAs = async (servername?: string): Promise<string> => {
      const plain = await lab.dial();
      await plain.expect(220);
      await plain.say('HOST a.example', 220);
      await plain.say('AUTH TLS', 234);
      const talk = await lab.upgrade(plain, servername === undefined ? {} : { servername });
      await talk.say('USER acme', 331);
      talk.send('PASS secret\r\n');
      return talk.reply();
    };
    expect(await logInAs('b.example')).toMatch(/^530/);
    expect(await logInAs('a.example')).toMatch(/^230/);
    expect(await logInAs()).toMatch(/^230/);
  });
});

describe('transfers', () => {
  const body = Buffer.alloc(3_000_000, 'Landfall');
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('go both ways in %s', async (version) => {
    const talk = await lab.logInTls({ minVersion: version, maxVersion: version });
    expect(await putTls(talk, 'STOR in/a', body)).toMatch(/^226/);
    expect((await lab.stored('/in/a'))?.equals(body)).toBe(true);
    expect((await getTls(talk, 'RETR in/a')).equals(body)).toBe(true);
    expect((await getTls(talk, 'NLST in')).toString()).toBe('in/a\r\n');
  });

  it('are in the clear after PROT C', async () => {
    const talk = await lab.logInTls();
    await talk.say('PROT C', 200);
    expect(await put(talk, 'STOR in/a', 'x')).toMatch(/^226/);
  });

  it('are private from the start in implicit FTPS', async () => {
    const talk = await lab.dialTls({ implicit: true });
    await transcript(talk, [
      ['USER acme', 331],
      ['PASS secret', 230],
      ['TYPE I', 200],
      ['AUTH TLS', 503],
    ]);
    expect(await putTls(talk, 'STOR in/a', 'x')).toMatch(/^226/);
    await transcript(talk, [
      ['CCC', 534],
      ['PBSZ 0', 200],
      ['PROT C', 200],
      ['REIN', 220],
      ['PROT C', 503],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['TYPE I', 200],
    ]);
    expect(await putTls(talk, 'STOR in/b', 'x')).toMatch(/^226/);
  });

  it('are in the clear for nobody whose data connections must resume a session', async () => {
    await reopen({ partner: { ftp: { tls: 'control', resumption: 'required' } } });
    const talk = await lab.logInTls();
    await talk.say('PROT C', 534);
    const early = await lab.dialTls();
    await transcript(early, [
      ['PBSZ 0', 200],
      ['PROT C', 200],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['EPSV', 229],
      ['STOR in/a', 521],
    ]);
  });

  it('are refused with 522 when TLS fails on the data connection', async () => {
    const talk = await lab.logInTls();
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    data.write('this is no TLS');
    expect(await talk.reply()).toMatch(/^522 /);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(await putTls(talk, 'STOR in/a', 'x')).toMatch(/^226/);
  });

  // So do Node's clients that end before they are connected: basic-ftp with an empty file.
  it.each(['STOR in/a', 'RETR in/a'])(
    'fail at once when the client ends within the handshake, %s',
    async (line) => {
      const talk = await lab.logInTls();
      await putTls(talk, 'STOR in/a', 'x');
      const tap = await talk.tapped();
      await expect.poll(() => tap.raw.bytesWritten).toBeGreaterThan(0);
      tap.raw.end();
      await talk.say(line, 150);
      const began = performance.now();
      expect(await talk.reply()).toMatch(/^522 /);
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
      expect((await lab.stored('/in/a'))?.toString()).toBe('x');
    },
  );

  it('are lost when the connection ends within a record', async () => {
    const talk = await lab.logInTls();
    const tap = await talk.tapped(70_000);
    await talk.say('STOR in/a', 150);
    tap.data.write(body);
    expect(await talk.reply()).toMatch(/^426 /);
    expect(await lab.stored('/in/a')).toBeUndefined();
  });

  it('end with a close_notify of the server, both ways', async () => {
    const talk = await lab.logInTls();
    await putTls(talk, 'STOR in/a', 'x');
    const ends: (boolean | undefined)[] = [];
    for (const command of ['RETR in/a', 'STOR in/b']) {
      const tap = await talk.tapped();
      await talk.say(command, 150);
      if (command.startsWith('STOR')) tap.data.end('x');
      tap.data.resume();
      await talk.expect(226);
      ends.push(await tap.closedInOrder());
    }
    expect(ends).toEqual([true, true]);
  });

  it('need no close_notify of the client, unless the feed insists on it', async () => {
    const send = async (talk: SecureTalk, inOrder: boolean): Promise<string> => {
      const tap = await talk.tapped();
      await talk.say('STOR in/a', 150);
      tap.data.write('whole');
      if (inOrder) tap.data.end();
      else setTimeout(() => tap.raw.end(), 50);
      return talk.reply();
    };
    expect(await send(await lab.logInTls(), false)).toMatch(/^226/);
    const feeds = [{ name: 'all', path: '/**', accept: { complete: ['tls-close'] } }];
    await reopen({ partner: { feeds } });
    const talk = await lab.logInTls();
    expect(await send(talk, false)).toMatch(/^426 .*close_notify/);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(await send(talk, true)).toMatch(/^226/);
    await talk.say('PROT C', 200);
    expect(await put(talk, 'STOR in/b', 'x')).toMatch(/^426/);
  });
});
