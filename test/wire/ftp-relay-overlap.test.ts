import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { createGate } from '../../core/gate.ts';
import { type Partner, partnerFile } from '../../core/partner.ts';
import { hashPassword } from '../../core/password.ts';
import { type FtpTalk, talkTo } from '../support/ftp-lab.ts';
import { type RelayLab, startRelayLab } from './relay-lab.ts';

/** Of the clients: of the one that has a network, one within it, and one that has a larger network. */
const FIRST = '127.0.0.1';
const WITHIN = '127.0.2.5';
const LARGER = '127.0.0.3';

let lab: RelayLab;
let password: string;
beforeAll(async () => {
  password = await hashPassword('secret');
});
afterEach(() => lab.stop());

const partner = (name: string, dataAddresses: string[] = []): Partner =>
  partnerFile.parse({ name, logins: [{ user: name, password }], ftp: { dataAddresses } });

async function start(all: readonly Partner[]): Promise<void> {
  const partners = {
    all: () => all,
    login(user: string) {
      const found = all.find(({ name }) => name === user);
      return found && { partner: found, login: found.logins[0]! };
    },
  };
  const fleet = createLocalFleet();
  lab = await startRelayLab({ fleet, gate: createGate({ partners, fleet }), timeouts: { dataMs: 5_000 } });
}

async function logIn(user: string, port: number, host: string, from: string): Promise<FtpTalk> {
  const talk = await talkTo(port, host, from);
  await talk.expect(220);
  await talk.say(`USER ${user}`, 331);
  await talk.say('PASS secret', 230);
  return talk;
}
const atOwner = (user: string, from: string) => logIn(user, lab.owner.listener.port, '127.0.0.1', from);
const atOther = (user: string, from: string) => logIn(user, lab.other.listener.port, '127.0.0.2', from);
const portOf = async (talk: FtpTalk) => Number(/\|\|\|(\d+)\|/.exec(await talk.say('EPSV', 229))![1]);

/** Sends a file to the port at both listeners, by way of the other one or not. */
async function send(talk: FtpTalk, port: number, host: string, from: string, name: string): Promise<void> {
  const data = connect({ host, port, localAddress: from });
  data.on('error', () => undefined);
  await once(data, 'connect');
  await talk.say(`STOR /${name}`, 150);
  data.end(name);
  await talk.expect(226);
}

describe('a client within a network of another partner, at another listener', () => {
  it('is not given a port at which the network is expected, and gets its own connections', async () => {
    await start([partner('first', ['127.0.2.0/24']), partner('second')]);
    const wide = await atOwner('first', FIRST);
    const taken = [await portOf(wide)];
    const narrow = await atOther('second', WITHIN);
    for (let count = 0; count < 5; count += 1) {
      const port = await portOf(narrow);
      expect(taken).not.toContain(port);
      // The listener of the one for whom it is not meant.
      await send(narrow, port, '127.0.0.1', WITHIN, `narrow${count}`);
    }
    await send(wide, taken[0]!, '127.0.0.2', WITHIN, 'wide');
  });

  it('is not given away its port to who expects the network', async () => {
    await start([partner('first', ['127.0.2.0/24']), partner('second')]);
    const narrow = await atOther('second', WITHIN);
    const taken = await portOf(narrow);
    const wide = await atOwner('first', FIRST);
    for (let count = 0; count < 5; count += 1) {
      const port = await portOf(wide);
      expect(port).not.toBe(taken);
      await send(wide, port, '127.0.0.2', WITHIN, `wide${count}`);
    }
    await send(narrow, taken, '127.0.0.1', WITHIN, 'narrow');
  });

  it('of two networks that overlap neither is given the other port, and who waits is refused in time', async () => {
    await start([partner('first', ['127.0.2.0/24']), partner('second', ['127.0.0.0/16'])]);
    const sessions = await Promise.all([1, 2, 3].map(() => atOwner('first', FIRST)));
    const [late, later] = [await atOther('second', LARGER), await atOther('second', LARGER)];
    const ports = await Promise.all(sessions.map(portOf));
    expect(new Set(ports).size).toBe(3);
    const waiting = portOf(late);
    await send(sessions[0]!, ports[0]!, '127.0.0.2', WITHIN, 'first');
    expect(await waiting).toBe(ports[0]);
    await later.say('EPSV', 425);
  });
});
