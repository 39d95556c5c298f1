import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type FtpsLab,
  type FtpsLabOptions,
  getTls,
  putTls,
  type SecureTalk,
  startFtpsLab,
} from '../support/ftps-lab.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { makeCertificate, makeTicketKeys } from '../support/tls-certificates.ts';

const labs: FtpsLab[] = [];
const open = async (options?: FtpsLabOptions): Promise<FtpsLab> => {
  const lab = await startFtpsLab(options);
  labs.push(lab);
  return lab;
};
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const required = { partner: { ftp: { resumption: 'required' } } };

describe('a data connection that must resume a session', () => {
  it.each(versions)('may resume that of the control connection fifty times, %s', async (version) => {
    const lab = await open(required);
    const talk = await lab.logInTls({ minVersion: version, maxVersion: version });
    for (let round = 0; round < 25; round += 1) {
      expect(await putTls(talk, `STOR in/${round}`, `${round}`)).toMatch(/^226/);
      expect((await getTls(talk, `RETR in/${round}`)).toString()).toBe(`${round}`);
    }
  });

  it.each(versions)('may resume that of the one before, %s', async (version) => {
    const lab = await open(required);
    const talk = await lab.logInTls({ minVersion: version, maxVersion: version });
    await putTls(talk, 'STOR in/a', 'x');
    let session: Buffer | undefined;
    for (let round = 0; round < 50; round += 1) {
      const data = await talk.passiveTls(session ? { session } : {});
      data.on('session', (one: Buffer) => {
        session = one;
      });
      await talk.say('RETR in/a', 150);
      for await (const _ of data);
      await talk.expect(226);
    }
    if (version === 'TLSv1.3') expect(session).toBeDefined();
  });

  // As OpenSSL's clients do with TLS 1.3 (RFC 8446 §C.4).
  it('may use each ticket once: uploads bring new ones', async () => {
    const lab = await open(required);
    const talk = await lab.logInTls({ minVersion: 'TLSv1.3' });
    let session = talk.newestSession()!;
    for (let round = 0; round < 10; round += 1) {
      const data = await talk.passiveTls({ session });
      const renewed = once(data, 'session');
      await talk.say(`STOR in/${round}`, 150);
      data.resume().end('x');
      await talk.expect(226);
      [session] = await renewed;
    }
  });

  it.each(versions)('is refused without one, and nothing is committed, %s', async (version) => {
    const lab = await open(required);
    const talk = await lab.logInTls({ minVersion: version, maxVersion: version });
    expect(await putTls(talk, 'STOR in/a', 'x', { session: undefined! })).toMatch(/^522 /);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(await putTls(talk, 'STOR in/a', 'x')).toMatch(/^226/);
  });

  it.each(versions)('is refused with the session of somebody else, %s', async (version) => {
    const lab = await open(required);
    const how = { minVersion: version, maxVersion: version };
    const talk = await lab.logInTls(how);
    const stranger = await lab.logInTls(how);
    expect(await putTls(stranger, 'STOR in/b', 'x')).toMatch(/^226/);
    const data = await talk.passiveTls({ session: stranger.newestSession()! });
    let wasReused: boolean | undefined;
    data.once('secureConnect', () => {
      wasReused = data.isSessionReused();
    });
    await talk.say('STOR in/a', 150);
    data.end('stolen');
    expect(await talk.reply()).toMatch(/^522 /);
    // The ticket was good: what was missing is that it belongs to this session.
    expect(wasReused).toBe(true);
    expect(await lab.stored('/in/a')).toBeUndefined();
  });

  it('needs none where it is only offered', async () => {
    const lab = await open();
    const talk = await lab.logInTls();
    expect(await putTls(talk, 'STOR in/a', 'x', { session: undefined! })).toMatch(/^226/);
  });
});

describe('ticket keys', () => {
  it.each(versions)('that two listeners share let a session go on at the other, %s', async (version) => {
    const { path, remove } = await temporaryFolder();
    const ticketKeysFile = await makeTicketKeys(path, [randomBytes(48), randomBytes(48)]);
    const [one, two, other] = [await open({ ticketKeysFile }), await open({ ticketKeysFile }), await open()];
    const how = { minVersion: version, maxVersion: version };
    const talk = await one.logInTls(how);
    const session = talk.newestSession()!;
    expect((await two.dialTls({ ...how, session })).socket.isSessionReused()).toBe(true);
    expect((await other.dialTls({ ...how, session })).socket.isSessionReused()).toBe(false);
    await remove();
  });
});

describe('certificates', () => {
  const shown = ({ socket }: SecureTalk): string => String(socket.getPeerCertificate().subject.CN);

  it('are chosen by the host that the client names, and read again without disturbing who is there', async () => {
    const lab = await open();
    await makeCertificate(lab.certificates, 'files', ['files.example', '*.files.example']);
    await expect
      .poll(async () => shown(await lab.dialTls({ servername: 'files.example' })))
      .toBe('files.example');
    const talk = await lab.logInTls({ servername: 'a.files.example' });
    expect(shown(talk)).toBe('files.example');
    expect(shown(await lab.dialTls({ servername: 'elsewhere.example' }))).toBe('localhost');

    // A key that is another's: the old pair stays.
    const before = (await lab.dialTls({ servername: 'files.example' })).socket.getPeerCertificate()
      .fingerprint256;
    await writeFile(join(lab.certificates, 'files.key'), 'no key');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const after = await lab.dialTls({ servername: 'files.example' });
    expect(after.socket.getPeerCertificate().fingerprint256).toBe(before);

    await makeCertificate(lab.folder, 'new', ['files.example']);
    for (const end of ['key', 'crt']) {
      await rename(join(lab.folder, `new.${end}`), join(lab.certificates, `files.${end}`));
    }
    await expect
      .poll(
        async () =>
          (await lab.dialTls({ servername: 'files.example' })).socket.getPeerCertificate().fingerprint256,
      )
      .not.toBe(before);
    const data = await talk.passiveTls({ session: undefined! });
    const secured = once(data, 'secureConnect');
    await talk.say('STOR in/a', 150);
    await secured;
    expect(data.getPeerCertificate().fingerprint256).toBe(before);
    data.end('x');
    await talk.expect(226);
    expect(await putTls(talk, 'STOR in/b', 'x')).toMatch(/^226/);
  });
});
