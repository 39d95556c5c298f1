import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import { type FtpLab, type FtpTalk, put, startFtpLab } from '../support/ftp-lab.ts';
import { quietLog } from '../support/quiet-log.ts';

let lab: FtpLab;
beforeEach(async () => {
  lab = await startFtpLab();
});
afterEach(async () => {
  await lab.listener.stop(0);
  expect(lab.pool.used).toBe(0);
});

async function replies(talk: FtpTalk): Promise<string[]> {
  const said: string[] = [];
  try {
    for (;;) said.push(await talk.reply());
  } catch {
    return said;
  }
}

describe('the bytes of a session', () => {
  const session = Buffer.from(
    [
      'USER acme',
      'PASS secret',
      'TYPE I',
      'MKD grün',
      'CWD grün',
      'PWD',
      'nonsense',
      'STOR x',
      'RNFR /in',
      'RNTO /in',
      'HELP',
      'FEAT',
      'QUIT',
      '',
    ].join('\r\n'),
  );
  const whole = async (cuts: readonly number[]): Promise<string[]> => {
    const own = await startFtpLab();
    const talk = await own.dial();
    let from = 0;
    for (const cut of [...new Set(cuts.map((at) => at % session.length))].sort((a, b) => a - b)) {
      talk.send(session.subarray(from, cut));
      from = cut;
      await sleep(0);
    }
    talk.send(session.subarray(from));
    const said = await replies(talk);
    await own.listener.stop(0);
    return said;
  };

  it('have the same replies however they are cut', async () => {
    const expected = await whole([]);
    expect(expected).toHaveLength(14);
    expect(expected.at(-1)).toBe('221 Goodbye.');
    expect(await whole([...session.keys()])).toEqual(expected);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 12 }), async (cuts) => {
        expect(await whole(cuts)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a hostile client', () => {
  it('that sends endless lines gets one reply a line', async () => {
    const talk = await lab.dial();
    await talk.expect(220);
    for (let round = 0; round < 50; round += 1) talk.send('x'.repeat(60_000));
    expect(await talk.expect(500)).toBe('500 The line is too long.');
    await talk.say('\r\nSYST', 215);
    talk.socket.destroy();
  });

  it('that sends garbage is answered, or left, and others are served', async () => {
    const talk = await lab.dial();
    talk.send(randomBytes(200_000));
    talk.socket.resume();
    const other = await lab.logIn();
    expect(await put(other, 'STOR in/a', 'x')).toMatch(/^226/);
    talk.socket.destroy();
    other.socket.destroy();
  });

  it('that sends commands and reads no replies is not read any more', async () => {
    const talk = await lab.dial();
    talk.socket.pause();
    const flood = Buffer.from('HELP\r\n'.repeat(10_000));
    for (let round = 0; round < 500; round += 1) talk.send(flood);
    const rss = process.memoryUsage.rss();
    let before = -1;
    // Until nothing moves: the socket's buffers are full in both directions.
    for (let still = 0; still < 10; ) {
      await sleep(20);
      const now = talk.socket.writableLength;
      still = now === before ? still + 1 : 0;
      before = now;
    }
    expect(talk.socket.writableLength).toBeGreaterThan(flood.length * 100);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(100 * 1024 * 1024);
    talk.socket.destroy();
  });

  it('that sends a line without an end behind all that it may send ahead is not read any more', async () => {
    const talk = await lab.logIn();
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    talk.send('PWD\r\n'.repeat(64));
    const block = 'x'.repeat(1024 * 1024);
    let taken = 0;
    const isTaken = () =>
      Promise.race([
        new Promise((resolve) => talk.socket.write(block, () => resolve(true))),
        sleep(500, false),
      ]);
    while (taken < 32 && (await isTaken())) taken += 1;
    // They are in the buffers of both sockets.
    expect(taken).toBeLessThan(16);
    talk.socket.destroy();
    data.destroy();
  });

  it('cannot put a line of its own into a reply or the log', async () => {
    const logged: string[] = [];
    const keep = (fields: object, message: string): void =>
      void logged.push(JSON.stringify([fields, message]));
    const log: Log = { ...quietLog, info: keep, warn: keep, child: () => log };
    const own = await startFtpLab({ log });
    const talk = await own.logIn();
    expect(await talk.say('CWD a\r226 done', 553)).not.toContain('\r');
    expect(await talk.say('RETR \u001b[31mred\u0085', 425)).toBeDefined();
    await talk.passive();
    const said = await talk.say('RETR \u001b[31mred\u0085', 550);
    expect(said).toBe('550 No such file or folder: /?[31mred?.');
    await put(talk, 'STOR in/\u001b[31mred', 'x');
    expect(logged.join('')).not.toMatch(/[\x00-\x1f]/);
    talk.socket.destroy();
    await own.listener.stop(0);
  });

  it('does not get out of its root', async () => {
    const talk = await lab.logIn();
    for (const path of ['../../../../passwd', '/../../x', 'in/../../../x', './../x']) {
      await put(talk, `STOR ${path}`, 'x');
    }
    expect(await lab.stored('/x')).toEqual(Buffer.from('x'));
    expect(await lab.store.objects.head('files/passwd')).toBeUndefined();
    talk.socket.destroy();
  });

  it('that only waits is sent away', async () => {
    const own = await startFtpLab({ timeouts: { loginMs: 30 } });
    const silent = await own.dial();
    await silent.expect(220);
    await silent.expect(421);
    await silent.closed;
    await own.listener.stop(0);
  });
});

describe('limits', () => {
  /** A login takes less, on a busy machine too. */
  const IDLE_MS = 3_000;

  it('refuse a session too many, from one address or of one partner', async () => {
    const own = await startFtpLab({
      limits: { total: 100, perAddress: 3 },
      partner: { limits: { sessions: 1 } },
    });
    const [first, second, third] = [await own.logIn(), await own.dial(), await own.dial()];
    await second.expect(220);
    await second.say('USER acme', 331);
    expect(await second.say('PASS secret', 421)).toContain('of one partner');
    await second.closed;
    await third.expect(220);
    await own.dial();
    const refused = await own.dial();
    expect(await refused.reply()).toMatch(/^(220|421)/);
    await first.say('QUIT', 221);
    await first.closed;
    await third.say('USER acme', 331);
    await third.say('PASS secret', 230);
    await own.listener.stop(0);
  });

  it('end idle sessions, and not those that transfer', async () => {
    const own = await startFtpLab({ timeouts: { idleMs: IDLE_MS } });
    const [busy, idle] = [await own.logIn(), await own.logIn()];
    const data = await busy.passive();
    await busy.say('STOR in/a', 150);
    await idle.expect(421);
    await idle.closed;
    await sleep(IDLE_MS / 4);
    data.end('x');
    await busy.expect(226);
    await busy.expect(421);
    await own.listener.stop(0);
  });

  it('of the gate end the connection', async () => {
    const gate = {
      login: async () => {
        throw new Fault('limit-reached', 'too many failures');
      },
      loginByCertificate: () => undefined,
      knowsCertificates: () => false,
      demandsTls: () => false,
      dataAddressesOf: () => [],
      knowsHost: () => true,
    };
    const own = await startFtpLab({ gate });
    const talk = await own.dial();
    await talk.expect(220);
    await talk.say('USER acme', 331);
    expect(await talk.say('PASS x', 421)).toContain('too many failures');
    await talk.closed;
    await own.listener.stop(0);
  });
});

describe('stopping', () => {
  it('ends idle sessions at once, and lets a transfer end', async () => {
    const own = await startFtpLab();
    const [idle, busy] = [await own.logIn(), await own.logIn()];
    const data = await busy.passive();
    await busy.say('STOR in/a', 150);
    const stopped = own.listener.stop(60_000);
    await idle.expect(421);
    await idle.closed;
    await expect(own.dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    data.end('x');
    await busy.expect(226);
    await busy.expect(421);
    await stopped;
    expect(await own.stored('/in/a')).toEqual(Buffer.from('x'));
  });

  it('keeps what has arrived when the deadline is over', async () => {
    const own = await startFtpLab();
    const busy = await own.logIn();
    const data = await busy.passive();
    await busy.say('STOR in/a', 150);
    data.write('half');
    while (!(await busy.say('STAT', 211)).includes('has moved 4 bytes')) await sleep(5);
    await own.listener.stop(50);
    expect(await busy.expect(426)).toContain('going down');
    await busy.expect(421);
    expect((await own.store.uploads.suspended('files/acme/in/a'))?.size).toBe(4);
    expect(own.pool.used).toBe(0);
    data.destroy();
  });
});
