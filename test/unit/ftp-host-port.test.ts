import { describe, expect, it } from 'vitest';
import { plainAddress } from '../../core/addresses.ts';
import { encodePort, parseExtendedPort, parsePort, refuseBounce } from '../../services/ftp/data/host-port.ts';
import type { Refusal } from '../../services/ftp/reply.ts';

const codeOf = (run: () => unknown): number | undefined => {
  try {
    run();
  } catch (thrown) {
    return (thrown as Refusal).reply.code;
  }
  return undefined;
};

describe('PORT', () => {
  it('is six numbers', () => {
    expect(parsePort('127,0,0,1,20,162')).toEqual({ host: '127.0.0.1', port: 5282 });
    expect(encodePort({ host: '127.0.0.1', port: 5282 })).toBe('127,0,0,1,20,162');
  });

  it.each(['', '1,2,3,4,5', '1,2,3,4,5,6,7', '256,0,0,1,1,1', 'a,b,c,d,e,f', '1,2,3,4,5,-6'])(
    'is not "%s"',
    (text) => {
      expect(codeOf(() => parsePort(text))).toBe(501);
    },
  );
});

describe('EPRT', () => {
  it('is protocol, address and port between any delimiters', () => {
    expect(parseExtendedPort('|1|127.0.0.1|5282|')).toEqual({ host: '127.0.0.1', port: 5282 });
    expect(parseExtendedPort('!2!::1!5282!')).toEqual({ host: '::1', port: 5282 });
    expect(parseExtendedPort('|2|::ffff:127.0.0.1|5282|').host).toBe('127.0.0.1');
    expect(parseExtendedPort('|2|2001:DB8:0:0:0:0:0:7|5282|').host).toBe('2001:db8::7');
    expect(parseExtendedPort('|2|fe80::1%eth0|5282|').host).toBe('fe80::1%eth0');
  });

  it.each([
    ['|3|127.0.0.1|5282|', 522],
    ['|1|::1|5282|', 501],
    ['|2|127.0.0.1|5282|', 501],
    ['|1|127.0.0.1|5282', 501],
    ['|1|127.0.0.1|52x|', 501],
    ['|1|127.0.0.1|5282||', 501],
    ['|', 501],
    ['', 501],
  ])('%s is answered %i', (text, code) => {
    expect(codeOf(() => parseExtendedPort(text))).toBe(code);
  });
});

describe('a bounce', () => {
  const own = { client: '127.0.0.1', others: ['192.0.2.0/30', '2001:db8::7'] };

  it.each([
    ['10.0.0.1', 5282],
    ['192.0.2.4', 5282],
    ['192.0.2.3', 1023],
    ['127.0.0.1', 22],
    ['127.0.0.1', 1023],
    ['127.0.0.1', 0],
    ['127.0.0.1', 65_536],
  ])('to %s port %i is refused', (host, port) => {
    expect(codeOf(() => refuseBounce({ host, port }, own))).toBe(504);
  });

  it('is not what goes to the client itself, or to another address of its partner', () => {
    for (const host of ['127.0.0.1', '192.0.2.3', '2001:db8::7']) {
      expect(codeOf(() => refuseBounce({ host, port: 1024 }, own))).toBeUndefined();
    }
  });
});

it('knows IPv4 addresses in their IPv6 form', () => {
  expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1');
  expect(plainAddress('2001:db8::1')).toBe('2001:db8::1');
});
