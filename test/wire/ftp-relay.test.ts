import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { get, put, talkTo } from '../support/ftp-lab.ts';
import { bytesOf, ending, type RelayLab, startRelayLab } from './relay-lab.ts';

let lab: RelayLab;
afterEach(async () => {
  await lab.stop();
  for (const { pool } of [lab.owner, lab.other]) expect(pool.used).toBe(0);
});

const RELAYED = 'landfall_relays_total relayed';
const big = randomBytes(5_000_000);

describe('a data connection that comes to another listener', () => {
  it('moves files and listings both ways', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    for (const [name, bytes] of [
      ['big', big],
      ['small', Buffer.from('hello')],
    ] as const) {
      const up = await lab.astray(talk);
      await talk.say(`STOR /in/${name}`, 150);
      up.end(bytes);
      await talk.expect(226);
      expect((await lab.owner.stored(`/in/${name}`))?.equals(bytes)).toBe(true);
      const down = await lab.astray(talk);
      await talk.say(`RETR /in/${name}`, 150);
      const got = await bytesOf(down);
      down.end();
      await talk.expect(226);
      expect(got.equals(bytes)).toBe(true);
    }
    const listing = await lab.astray(talk);
    await talk.say('NLST /in', 150);
    expect((await bytesOf(listing)).toString()).toBe('/in/big\r\n/in/small\r\n');
    listing.end();
    await talk.expect(226);
    expect(lab.counts[RELAYED]).toBe(5);
    expect(lab.counts.landfall_relays_received_total).toBe(5);
    expect(lab.counts['landfall_relay_bytes_total client']).toBe(big.length + 5);
  });

  it('may send all its bytes before the transfer begins', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    data.end('early');
    await sleep(200);
    await talk.say('STOR /in/early', 150);
    await talk.expect(226);
    expect((await lab.owner.stored('/in/early'))?.toString()).toBe('early');
  });

  it('that is reset is reset at the owner: nothing is stored', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    await talk.say('STOR /in/cut', 150);
    data.write(big.subarray(0, 300_000));
    await expect.poll(() => lab.counts['landfall_relay_bytes_total client']).toBe(300_000);
    data.resetAndDestroy();
    await talk.expect(426);
    expect(await lab.owner.stored('/in/cut')).toBeUndefined();
    expect(lab.owner.events).toEqual([]);
  });

  it('is reset for the client when the owner ends the transfer', async () => {
    lab = await startRelayLab();
    await put(await lab.owner.logIn(), 'STOR /in/big', big);
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    data.pause();
    await talk.say('RETR /in/big', 150);
    talk.send('ABOR\r\n');
    await talk.expect(426);
    await talk.expect(226);
    expect(await ending(data)).toBe('ECONNRESET');
  });

  it('holds the sender back when nobody takes the bytes', async () => {
    lab = await startRelayLab();
    await put(await lab.owner.logIn(), 'STOR /in/big', Buffer.alloc(30_000_000, 7));
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    await talk.say('RETR /in/big', 150);
    const moved = () => lab.counts['landfall_relay_bytes_total owner'] ?? 0;
    let before = -1;
    // Until it stands still.
    while (moved() !== before || before === 0) {
      before = moved();
      await sleep(500);
    }
    expect(before).toBeLessThan(20_000_000);
    expect((await bytesOf(data)).length).toBe(30_000_000);
    data.end();
    await talk.expect(226);
  });

  it('is lost with a listener that is stopped at once, and nothing is stored', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    await talk.say('STOR /in/cut', 150);
    data.write('half of it');
    await expect.poll(() => lab.counts['landfall_relay_bytes_total client']).toBe(10);
    await lab.other.listener.stop(0);
    await talk.expect(426);
    expect(await lab.owner.stored('/in/cut')).toBeUndefined();
  });

  it('goes on to its end at a listener that is stopped', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const data = await lab.astray(talk);
    await talk.say('STOR /in/whole', 150);
    data.write('half of it, ');
    await expect.poll(() => lab.counts['landfall_relay_bytes_total client']).toBe(12);
    const stopped = lab.other.listener.stop(60_000);
    await sleep(100);
    data.end('and the rest');
    await talk.expect(226);
    await stopped;
    expect((await lab.owner.stored('/in/whole'))?.toString()).toBe('half of it, and the rest');
  });

  it('comes late, and is refused, when the client had given it up', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const said = await talk.say('EPSV', 229);
    await talk.say('ABOR', 226);
    const late = await lab.astray({ ...talk, say: async () => said });
    expect(await ending(late)).toBe('ECONNRESET');
    await get(talk, 'NLST /');
  });

  it('is of one client only: of another address it is refused', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    const stranger = await lab.astray(talk, '127.0.0.9');
    expect(await ending(stranger)).toBe('ECONNRESET');
    expect(lab.counts['landfall_relays_total unexpected']).toBe(1);
  });
});

describe('a data connection from another address of a partner that has several', () => {
  const partner = { ftp: { dataAddresses: ['127.0.3.7', '127.0.2.0/24'] } };

  it.each(['127.0.3.7', '127.0.2.200'])('finds its session by way of another listener: %s', async (from) => {
    lab = await startRelayLab({ partner });
    const talk = await lab.logIn();
    const data = await lab.astray(talk, from);
    await talk.say('STOR /in/file', 150);
    data.end('from elsewhere');
    await talk.expect(226);
    expect((await lab.owner.stored('/in/file'))?.toString()).toBe('from elsewhere');
    for (let port = lab.passive.first; port <= lab.passive.last; port += 1) {
      for (const client of ['127.0.0.1', '127.0.3.7', '127.0.2.0/24'])
        expect(await lab.fleet.expectations.take({ port, client })).toBeUndefined();
    }
  });

  it('is no other session of the partner elsewhere that could be meant', async () => {
    lab = await startRelayLab({ partner, timeouts: { dataMs: 1_000 } });
    const sessions = await Promise.all(Array.from({ length: 3 }, () => lab.logIn()));
    const elsewhere = await talkTo(lab.other.listener.port, '127.0.0.2', '127.0.0.5');
    await elsewhere.expect(220);
    await elsewhere.say('USER acme', 331);
    await elsewhere.say('PASS secret', 230);
    for (const talk of sessions) await talk.say('EPSV', 229);
    await elsewhere.say('EPSV', 425);
  });

  it('of a stranger is refused', async () => {
    lab = await startRelayLab({ partner });
    const stranger = await lab.astray(await lab.logIn(), '127.0.4.1');
    expect(await ending(stranger)).toBe('ECONNRESET');
  });
});

describe('a place', () => {
  const elsewhere = { address: '127.0.0.3:1', token: 'another' };
  const client = '127.0.0.1';
  const takeAll = async (): Promise<void> => {
    for (let port = lab.passive.first; port <= lab.passive.last; port += 1) {
      await lab.fleet.expectations.put({ port, client }, elsewhere, 60_000);
    }
  };

  it('that another listener has is not given to a session here', async () => {
    lab = await startRelayLab();
    const { first, last } = lab.passive;
    for (const port of [first, first + 1])
      await lab.fleet.expectations.put({ port, client }, elsewhere, 60_000);
    const talk = await lab.logIn();
    expect(await talk.say('EPSV', 229)).toContain(`|||${last}|`);
  });

  it('is waited for while others have all, and had when one has come free', async () => {
    lab = await startRelayLab();
    const { last } = lab.passive;
    await takeAll();
    const talk = await lab.logIn();
    talk.send('EPSV\r\n');
    await sleep(300);
    await lab.fleet.expectations.withdraw({ port: last, client }, elsewhere.token);
    expect(await talk.expect(229)).toContain(`|||${last}|`);
  });

  it('is refused when none has come free in time', async () => {
    lab = await startRelayLab({ timeouts: { dataMs: 500 } });
    await takeAll();
    const talk = await lab.logIn();
    await talk.say('EPSV', 425);
  });

  it('is free in the fleet again when its connection has come, here or elsewhere', async () => {
    lab = await startRelayLab();
    const talk = await lab.logIn();
    for (const dial of [() => talk.passive(), () => lab.astray(talk)]) {
      const data = await dial();
      await talk.say('STOR /in/file', 150);
      data.end();
      await talk.expect(550);
      for (let port = lab.passive.first; port <= lab.passive.last; port += 1) {
        const at = { port, client: '127.0.0.1' };
        expect(await lab.fleet.expectations.take(at)).toBeUndefined();
      }
    }
  });
});
