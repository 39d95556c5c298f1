import { afterEach, describe, expect, it } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { createGate } from '../../core/gate.ts';
import { aPartner } from '../support/a-partner.ts';
import { type FtpLab, type FtpTalk, get, type LabOptions, put, startFtpLab } from '../support/ftp-lab.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { quietLog } from '../support/quiet-log.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(options: LabOptions): Promise<FtpLab> {
  const lab = await startFtpLab(options);
  cleanUp.push(() => lab.listener.stop(0));
  return lab;
}

async function greeted(lab: FtpLab): Promise<FtpTalk> {
  const talk = await lab.dial();
  await talk.expect(220);
  return talk;
}

describe('anybody', () => {
  const rules = {
    logins: [{ user: 'anonymous', anonymous: true }],
    permissions: [{ folder: '/incoming', allow: ['write'] }],
    limits: { sessionsPerAddress: 2 },
  };

  /** A lab with the real gate; the store has a file to read, a drop box, and another partner's root. */
  async function anonymousLab() {
    const partner = aPartner(rules);
    const store = createMemoryStore();
    await store.objects.put('files/acme/pub/tool.zip', Buffer.from('tool'));
    await store.objects.put('files/acme/incoming/theirs', Buffer.from('secret'));
    await store.objects.put('files/bolt/in/orders', Buffer.from('secret'));
    const logged: object[] = [];
    const log = { ...quietLog, info: (fields: object) => void logged.push(fields), child: () => log };
    const partners = {
      all: () => [partner],
      login: (user: string) => (user === 'anonymous' ? { partner, login: partner.logins[0]! } : undefined),
    };
    const gate = createGate({ partners, fleet: createLocalFleet() });
    const lab = await start({ partner: rules, store, gate, log });
    const logIn = async (user: string): Promise<FtpTalk> => {
      const talk = await greeted(lab);
      await talk.say(`USER ${user}`, 331);
      await talk.say('PASS guest@"example".com\x1b[2J', 230);
      await talk.say('TYPE I', 200);
      return talk;
    };
    return { lab, logged, logIn };
  }

  it('reads, by either name, and changes nothing', async () => {
    const { lab, logged, logIn } = await anonymousLab();
    const talk = await logIn('ftp');
    expect((await get(talk, 'RETR /pub/tool.zip')).toString()).toBe('tool');
    expect((await get(talk, 'NLST /pub')).toString()).toBe('/pub/tool.zip\r\n');
    for (const line of ['DELE pub/tool.zip', 'RMD pub', 'MKD new', 'RNFR pub/tool.zip']) {
      talk.send(`${line}\r\n`);
      if ((await talk.reply()).startsWith('350')) await talk.say('RNTO pub/x', 550);
    }
    for (const line of ['STOR pub/tool.zip', 'APPE pub/tool.zip', 'STOU pub/x']) {
      await talk.passive();
      await talk.say(line, 550);
    }
    expect((await lab.stored('/pub/tool.zip'))?.toString()).toBe('tool');
    expect(logged).toContainEqual({ password: 'guest@"example".com\x1b[2J' });
  });

  it("never gets to another partner's root", async () => {
    const { logIn } = await anonymousLab();
    const talk = await logIn('anonymous');
    for (const path of ['../bolt/in/orders', '/../../files/bolt/in/orders', '//bolt/in/orders']) {
      await talk.passive();
      await talk.say(`RETR ${path}`, 550);
      await talk.say(`SIZE ${path}`, 550);
    }
    expect((await get(talk, 'NLST ../..')).toString().split('\r\n').sort()).toEqual([
      '',
      '../../incoming',
      '../../pub',
    ]);
  });

  it('leaves in a drop box what nobody sees, and learns nothing of what is there', async () => {
    const { lab, logIn } = await anonymousLab();
    const talk = await logIn('anonymous');
    await talk.say('CWD incoming', 250);
    expect(await put(talk, 'STOR mine', 'mine')).toMatch(/^226/);
    expect((await lab.stored('/incoming/mine'))?.toString()).toBe('mine');
    for (const [verb, codes] of Object.entries({
      SIZE: [550],
      MDTM: [550],
      MLST: [550],
      DELE: [550],
      RETR: [550],
      LIST: [550],
      NLST: [550],
      MLSD: [550],
      STAT: [550],
    })) {
      for (const name of ['mine', 'theirs', 'gone', '']) {
        if (['RETR', 'LIST', 'NLST', 'MLSD'].includes(verb)) await talk.passive();
        if (name === '' && !['LIST', 'NLST', 'MLSD', 'MLST'].includes(verb)) continue;
        talk.send(`${verb} ${name}\r\n`);
        expect(`${verb} ${(await talk.reply()).slice(0, 3)}`).toBe(`${verb} ${codes[0]}`);
      }
    }
    for (const name of ['mine', 'theirs', 'gone']) await talk.say(`SITE CHMOD 644 ${name}`, 200);
    for (const name of ['theirs', 'gone']) {
      await talk.say(`RNFR ${name}`, 350);
      await talk.say('RNTO other', 550);
      await talk.say('REST 1', 350);
      await talk.passive();
      await talk.say(`STOR ${name}`, 550);
    }
    await talk.passive();
    await talk.say('STOR theirs', 550);
    await talk.passive();
    await talk.say('APPE theirs', 550);
    expect((await lab.stored('/incoming/theirs'))?.toString()).toBe('secret');
    expect(await put(talk, 'STOU', 'mine too')).toMatch(/^226/);
  });

  it('has few sessions from one address', async () => {
    const { lab, logIn } = await anonymousLab();
    const [first] = [await logIn('ftp'), await logIn('ftp')];
    const third = await greeted(lab);
    await third.say('USER ftp', 331);
    expect(await third.say('PASS x', 421)).toContain('at most 2 sessions of one partner from one address');
    await first.say('QUIT', 221);
    await first.closed;
    await logIn('ftp');
  });
});

describe('HOST', () => {
  const hosts = { hosts: ['ftp.acme.example', 'files.acme.example'] };

  it('comes before USER, is told by FEAT, and is forgotten with REIN', async () => {
    const lab = await start({ partner: hosts });
    const talk = await greeted(lab);
    expect(await talk.say('FEAT', 211)).toContain('\n HOST\n');
    await talk.say('HOST', 501);
    await talk.say('HOST ftp.acme.example:21', 501);
    await talk.say('HOST other.example', 504);
    await talk.say('HOST FTP.Acme.Example', 220);
    await talk.say('HOST files.acme.example', 220);
    await talk.say('USER acme', 331);
    await talk.say('HOST ftp.acme.example', 503);
    await talk.say('PASS secret', 230);
    await talk.say('HOST ftp.acme.example', 503);
    await talk.say('REIN', 220);
    await talk.say('HOST ftp.acme.example', 220);
  });

  it('tells the gate which host is meant', async () => {
    const asked: (string | undefined)[] = [];
    const partner = aPartner(hosts);
    const gate = {
      login: async ({ host }: { host?: string | undefined }) => {
        asked.push(host);
        return partner;
      },
      loginByCertificate: () => undefined,
      knowsCertificates: () => false,
      demandsTls: () => false,
      dataAddressesOf: () => [],
      knowsHost: () => true,
    };
    const talk = await greeted(await start({ gate }));
    const logIn = async (): Promise<void> => {
      await talk.say('USER acme', 331);
      await talk.say('PASS secret', 230);
    };
    await talk.say('HOST FTP.acme.example', 220);
    await logIn();
    await talk.say('REIN', 220);
    await logIn();
    await talk.say('REIN', 220);
    await talk.say('HOST [2001:DB8::1]', 220);
    await logIn();
    expect(asked).toEqual(['ftp.acme.example', undefined, '[2001:db8::1]']);
  });
});

it('keeps what an append-only partner has sent, by every command there is', async () => {
  const lab = await start({ partner: { appendOnly: true } });
  const talk = await lab.logIn();
  await talk.say('CWD in', 250);
  expect(await put(talk, 'STOR dump.part', 'dump')).toMatch(/^226/);
  await talk.say('RNFR dump.part', 350);
  await talk.say('RNTO dump', 250);
  expect(await put(talk, 'STOR next.part', 'next')).toMatch(/^226/);
  const changes = [
    ['STOR dump'],
    ['APPE dump'],
    ['REST 2', 'STOR dump'],
    ['DELE dump'],
    ['RNFR dump', 'RNTO other'],
    ['RNFR dump', 'RNTO dump.part'],
    ['RNFR next.part', 'RNTO dump'],
    ['RNFR /in', 'RNTO /old'],
    ['RMD /in'],
  ];
  for (const lines of changes) {
    await talk.passive();
    for (const line of lines) await talk.say(line, line === lines.at(-1) ? 550 : 350);
  }
  expect((await lab.stored('/in/dump'))?.toString()).toBe('dump');
  expect(await talk.say('MLST dump', 250)).toContain('perm=r;');
  expect(await talk.say('MLST /in', 250)).toContain('perm=cdelmp;');
  expect(await put(talk, 'APPE next.part', ' one')).toMatch(/^226/);
  expect((await lab.stored('/in/next.part'))?.toString()).toBe('next one');
});
