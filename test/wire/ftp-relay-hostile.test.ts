import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import type { DataPlace, Expecting } from '../../core/ports/expectations.ts';
import type { Fleet } from '../../core/ports/fleet.ts';
import {
  type Claim,
  challengeBytes,
  encodeChallenge,
  encodeClaim,
  encodeProof,
  isProof,
  readChallenge,
  readClaim,
  readProof,
} from '../../services/ftp/relay/handshake.ts';
import { takeMessage } from '../../services/ftp/relay/message.ts';
import { get, put } from '../support/ftp-lab.ts';
import { PATIENCE } from '../support/patience.ts';
import { ending, type RelayLab, SECRET, startRelayLab } from './relay-lab.ts';

let lab: RelayLab;
const open: (Socket | Server)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) 'destroy' in one ? one.destroy() : one.close();
  await lab.stop();
});

const dial = async (): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port: lab.relayPort });
  socket.on('error', () => undefined);
  open.push(socket);
  await once(socket, 'connect');
  return socket;
};

/** A session that expects a connection, what the fleet knows of it, and the claim that would bring it. */
async function expected() {
  const talk = await lab.logIn();
  const said = await talk.say('EPSV', 229);
  const at = { port: Number(/\|\|\|(\d+)\|/.exec(said)![1]), client: '127.0.0.1' };
  const who = (await lab.fleet.expectations.take(at))!;
  const claim: Claim = { kind: 'relay', ...at };
  return { talk, at, who, claim };
}

/** As if nobody had taken it. */
async function putBack(at: DataPlace, who: Expecting): Promise<void> {
  await lab.fleet.expectations.withdraw(at, who.token);
  expect(await lab.fleet.expectations.put(at, who, 60_000)).toBe(true);
}

async function claimed(claim: Claim, secret: string, token: string) {
  const socket = await dial();
  const nonce = (await takeMessage(socket, readChallenge))!;
  const bytes = encodeClaim(claim, { secret, nonce, token });
  socket.write(bytes);
  return { socket, nonce, bytes };
}

describe('the relay port', () => {
  it('takes a claim with the secret and the token, once', async () => {
    lab = await startRelayLab();
    const { talk, who, claim } = await expected();
    const { socket, nonce, bytes } = await claimed(claim, SECRET, who.token);
    const mac = (await takeMessage(socket, readProof))!;
    expect(isProof(mac, claim, { secret: SECRET, nonce, token: who.token })).toBe(true);
    await talk.say('STOR /in/file', 150);

    const again = await claimed(claim, SECRET, who.token);
    expect(await ending(again.socket)).toBe('ECONNRESET');
    const replayed = await dial();
    replayed.write(bytes);
    expect(await ending(replayed)).toBe('ECONNRESET');
  });

  it('refuses what was recorded while the connection is still expected', async () => {
    lab = await startRelayLab();
    const { talk, at, who, claim } = await expected();
    // Of another nonce.
    const { bytes, socket } = await claimed({ ...claim, client: '127.0.0.2' }, SECRET, who.token);
    expect(await ending(socket)).toBe('ECONNRESET');
    const replayed = await dial();
    replayed.write(bytes);
    expect(await ending(replayed)).toBe('ECONNRESET');
    await putBack(at, who);
    const data = await lab.astray({ ...talk, say: async () => `|||${at.port}|` });
    await talk.say('STOR /in/file', 150);
    data.end('still mine');
    await talk.expect(226);
  });

  it.each<[string, (token: string) => [secret: string, token: string]]>([
    ['a guessed token', () => [SECRET, randomBytes(16).toString('base64url')]],
    ['no token', () => [SECRET, '']],
    ['another secret', (token) => ['another secret of another fleet', token]],
  ])('resets who has %s, and the client is still served', async (_name, words) => {
    lab = await startRelayLab();
    const { talk, at, who, claim } = await expected();
    for (let time = 0; time < 50; time += 1) {
      const { socket } = await claimed(claim, ...words(who.token));
      expect(await ending(socket)).toBe('ECONNRESET');
    }
    expect(lab.counts.landfall_relay_claims_refused_total).toBe(50);
    const data = connect({ host: '127.0.0.1', port: at.port });
    await talk.say('STOR /in/file', 150);
    data.end('mine');
    await talk.expect(226);
    expect((await lab.owner.stored('/in/file'))?.toString()).toBe('mine');
  });

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['random bytes', randomBytes(1000)],
    ['a claim without an end of its address', Buffer.from([1, 0, 0, 21, 255, ...randomBytes(200)])],
    ['a kind that there is not', Buffer.from([1, 9, 0, 21, 0, ...randomBytes(32)])],
    ['reports without the secret', Buffer.from([1, 1, 0, 0, 0, ...randomBytes(32)])],
  ])('resets %s', async (_name, bytes) => {
    lab = await startRelayLab();
    const socket = await dial();
    socket.write(bytes);
    expect(await ending(socket)).toBe('ECONNRESET');
  });

  it('serves listeners while it is full of those who say nothing', async () => {
    lab = await startRelayLab();
    let sentAway = 0;
    for (let batch = 0; batch < 12; batch += 1) {
      for (const silent of await Promise.all(Array.from({ length: 200 }, dial))) {
        silent.resume().once('close', () => {
          sentAway += 1;
        });
      }
    }
    const talk = await lab.logIn();
    for (let time = 0; time < 10; time += 1) {
      const data = await lab.astray(talk);
      await talk.say(`STOR /in/${time}`, 150);
      data.end('served');
      await talk.expect(226);
    }
    await expect.poll(() => sentAway).toBeGreaterThanOrEqual(400);
  });
});

/** Counts how often the fleet is asked. */
function counted(fleet: Fleet): { fleet: Fleet; asked: () => number } {
  let asked = 0;
  const { expectations } = fleet;
  const take: typeof expectations.take = (at) => {
    asked += 1;
    return expectations.take(at);
  };
  return { fleet: { ...fleet, expectations: { ...expectations, take } }, asked: () => asked };
}

describe('strays', () => {
  /** For one sender. */
  const ASKED_A_SECOND = 200;
  /** A listener that does not answer is given up after 2 seconds. */
  const AT_ONCE_MS = 1_000;

  it('of a flood ask the fleet only so often, and nobody else waits for them', async () => {
    const { fleet, asked } = counted(createLocalFleet());
    lab = await startRelayLab({ fleet });
    const began = performance.now();
    const flood = Array.from({ length: 1500 }, (_, index) => {
      const port = lab.passive.first + (index % 3);
      const socket = connect({ host: '127.0.0.2', port, localAddress: '127.0.0.66' });
      open.push(socket);
      return ending(socket);
    });
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    await talk.say('STOR /in/file', 150);
    data.end('mine');
    await talk.expect(226);
    const endings = new Set(await Promise.all(flood));
    expect([...endings]).toEqual(['ECONNRESET']);
    const seconds = Math.ceil((performance.now() - began) / 1_000);
    expect(asked()).toBeLessThanOrEqual(1 + ASKED_A_SECOND * (1 + seconds));
    expect(lab.counts['landfall_relays_total too-many']).toBeGreaterThan(0);
  });

  /** Where the expectation of a session is moved to. */
  async function movedTo(address: string) {
    const { talk, at, who } = await expected();
    await putBack(at, { ...who, address });
    return { talk, at, astray: () => lab.astray({ ...talk, say: async () => `|||${at.port}|` }) };
  }

  it('are reset at once when their listener is gone', async () => {
    lab = await startRelayLab();
    let times = 0;
    const resetMs = async (): Promise<number> => {
      const { talk, astray } = await movedTo('127.0.0.1:9');
      times += 1;
      const began = performance.now();
      expect(await ending(await astray())).toBe('ECONNRESET');
      talk.socket.destroy();
      return performance.now() - began;
    };
    // A busy machine is slower, now and then.
    await vi.waitUntil(async () => (await resetMs()) < AT_ONCE_MS, PATIENCE);
    expect(lab.counts['landfall_relays_total unreachable']).toBe(times);
  });

  it('are reset when their listener hangs, and nobody else waits', async () => {
    lab = await startRelayLab();
    const hung = createServer(() => undefined).listen(0, '127.0.0.1');
    open.push(hung);
    await once(hung, 'listening');
    const { astray } = await movedTo(`127.0.0.1:${(hung.address() as AddressInfo).port}`);
    const over = ending(await astray());
    const talk = await lab.logIn();
    await put(talk, 'STOR /in/file', 'meanwhile');
    expect((await get(talk, 'RETR /in/file')).toString()).toBe('meanwhile');
    expect(await over).toBe('ECONNRESET');
    expect(lab.counts['landfall_relays_total refused']).toBe(1);
  });

  it('give no byte to who only says to be their listener', async () => {
    lab = await startRelayLab();
    const got: Buffer[] = [];
    const impostor = createServer((socket) => {
      socket.on('error', () => undefined).on('data', (chunk) => got.push(chunk));
      socket.write(encodeChallenge(randomBytes(challengeBytes)));
      socket.once('data', (chunk) => {
        const claim = readClaim(chunk);
        if (claim.kind !== 'whole') return;
        const words = { secret: 'another secret', nonce: randomBytes(32), token: 'guessed' };
        socket.write(encodeProof(claim.what, words));
      });
    }).listen(0, '127.0.0.1');
    open.push(impostor);
    await once(impostor, 'listening');
    const { astray } = await movedTo(`127.0.0.1:${(impostor.address() as AddressInfo).port}`);
    const data = await astray();
    data.write('for nobody else');
    expect(await ending(data)).toBe('ECONNRESET');
    expect(Buffer.concat(got).toString('latin1')).not.toContain('for nobody else');
  });
});
