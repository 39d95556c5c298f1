import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../core/config.ts';
import {
  parseHostAndPort,
  reachableAddress,
  showHostAndPort,
} from '../../services/ftp/relay/host-and-port.ts';
import { relayPlace } from '../../services/ftp/relay/relay-place.ts';

const folder = mkdtempSync(join(tmpdir(), 'landfall-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'secret');
writeFileSync(file, 'a secret from a file\n');
const place = (env: Record<string, string>) =>
  relayPlace(readConfig({ LANDFALL_RELAY_PORT: '2199', LANDFALL_FLEET: 'redis://127.0.0.1', ...env }));
const SECRET = 'a secret of the whole fleet';

describe('the place of the relay', () => {
  it.each([
    [{ LANDFALL_RELAY_SECRET: SECRET }, '127.0.0.1:2199', SECRET],
    [{ LANDFALL_RELAY_SECRET: SECRET, LANDFALL_RELAY_ADDRESS: '::1' }, '[::1]:2199', SECRET],
    [{ LANDFALL_RELAY_SECRET: SECRET, LANDFALL_RELAY_ADVERTISE: 'one.local:99' }, 'one.local:99', SECRET],
    [{ LANDFALL_RELAY_SECRET_FILE: file }, '127.0.0.1:2199', 'a secret from a file'],
  ])('%o', async (env, advertised, secret) => {
    expect(await place(env)).toMatchObject({ port: 2199, advertised, secret });
  });

  it.each<[Record<string, string>, RegExp]>([
    [{}, /LANDFALL_RELAY_SECRET: must be 16 characters/],
    [{ LANDFALL_RELAY_SECRET: 'short-secret' }, /^(?!.*short-secret)[\s\S]*16 characters/],
    [{ LANDFALL_RELAY_SECRET: SECRET, LANDFALL_RELAY_SECRET_FILE: file }, /LANDFALL_RELAY_SECRET already/],
    [{ LANDFALL_RELAY_SECRET_FILE: join(folder, 'none') }, /ENOENT/],
    [{ LANDFALL_RELAY_SECRET_FILE: folder }, /no file/],
    [{ LANDFALL_RELAY_SECRET: SECRET, LANDFALL_RELAY_ADVERTISE: 'nowhere' }, /HOST:PORT/],
  ])('is refused: %o', async (env, why) => {
    await expect(place(env)).rejects.toThrow(why);
  });

  it('needs no secret for a listener that is alone, and is none with port 0', async () => {
    expect((await place({ LANDFALL_FLEET: 'local:' }))?.secret).toMatch(/.{40}/);
    expect(await place({ LANDFALL_RELAY_PORT: '0' })).toBeUndefined();
  });
});

it('addresses with ports are written and read', () => {
  for (const one of [
    { host: '10.0.0.7', port: 21 },
    { host: 'fd00::7', port: 65_535 },
    { host: 'task-7.internal', port: 1 },
  ]) {
    expect(parseHostAndPort(showHostAndPort(one))).toEqual(one);
  }
  for (const text of ['', ':1', 'a:0', 'a:65536', 'a', '[a]:1', 'fd00::7:21', '[fd00::7]', 'a b:1']) {
    expect(parseHostAndPort(text)).toBeUndefined();
  }
});

it('who is bound to all addresses is reached at one that others can dial', () => {
  const at = (address: string, internal = false) => ({ address, internal }) as never;
  const interfaces = {
    lo: [at('127.0.0.1', true), at('::1', true)],
    // What a task on Fargate has beside its own interface.
    eth0: [at('169.254.172.2')],
    eth1: [at('fe80::1'), at('fd00::7'), at('10.0.0.7')],
  };
  expect(reachableAddress('0.0.0.0', interfaces)).toBe('10.0.0.7');
  expect(reachableAddress('::', interfaces)).toBe('10.0.0.7');
  expect(reachableAddress('::', { eth0: [at('fe80::1'), at('fd00::7')] })).toBe('fd00::7');
  expect(reachableAddress('0.0.0.0', { eth0: [at('fd00::7')] })).toBeUndefined();
  expect(reachableAddress('192.0.2.1', interfaces)).toBe('192.0.2.1');
});
