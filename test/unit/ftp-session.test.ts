import { expect, test } from 'vitest';
import { Fault } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Zone } from '../../core/zone.ts';
import { login } from '../../services/ftp/commands/login.ts';
import type { FtpOptions } from '../../services/ftp/options.ts';
import type { Reply } from '../../services/ftp/reply.ts';
import { atStart, type Session } from '../../services/ftp/session.ts';
import { aPartner } from '../support/a-partner.ts';

/** Lines as their fields with those of the loggers that they came through. */
function logInto(lines: object[], bound: object = {}): Log {
  const note = (fields: object, message: string): void => void lines.push({ ...bound, ...fields, message });
  const child = (fields: object): Log => logInto(lines, { ...bound, ...fields });
  return { debug: note, info: note, warn: note, error: note, child };
}

const say = (session: Session, verb: 'USER' | 'PASS' | 'REIN', argument = ''): Promise<Reply[]> =>
  Array.fromAsync(login[verb].run({ session, argument } as Parameters<typeof login.USER.run>[0]));

test('nothing of who was logged in is left after REIN', async () => {
  const lines: object[] = [];
  const partner = aPartner();
  const options = {
    gate: {
      demandsTls: () => false,
      dataAddressesOf: () => [],
      loginByCertificate: () => undefined,
      async login(_caller: object, password: string) {
        if (password === 'secret') return partner;
        throw new Fault('bad-credentials');
      },
    },
    fleet: { enter: async () => async () => undefined },
    openZone: async () => ({ partner }) as Zone,
  } as object as FtpOptions;
  const session = {
    ...atStart(),
    options,
    log: logInto(lines),
    client: '192.0.2.1',
    serverName: 'files.example',
    program: undefined,
    failedLogins: 0,
  } as Partial<Session> as Session;

  await say(session, 'USER', 'a');
  await say(session, 'PASS', 'secret');
  await say(session, 'REIN');
  await say(session, 'USER', 'other');
  await say(session, 'PASS', 'wrong');
  expect(lines).toEqual([
    { partner: 'acme', message: 'logged in' },
    { user: 'other', failures: 1, message: 'login failed' },
  ]);
  expect(session.serverName).toBeUndefined();
});
