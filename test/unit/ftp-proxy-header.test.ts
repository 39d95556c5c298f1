import { Buffer } from 'node:buffer';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProxyHeader } from '../../services/ftp/proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

const addressBytes = (address: string): Buffer => {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  return Buffer.from(
    address
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );
};

function binary(command: number, family: number, body: Buffer, length = body.length): Buffer {
  const fixed = Buffer.from(
    `${SIGNATURE}${command.toString(16)}${family.toString(16).padStart(2, '0')}0000`,
    'hex',
  );
  fixed.writeUInt16BE(length, 14);
  return Buffer.concat([fixed, body]);
}

function addresses(source: string, destination: string, sourcePort: number, port: number): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort);
  ports.writeUInt16BE(port, 2);
  return Buffer.concat([addressBytes(source), addressBytes(destination), ports]);
}

const ends = (source: string, sourcePort: number, destination: string, port: number) => ({
  source: { address: source, port: sourcePort },
  destination: { address: destination, port },
});

const four = ends('192.0.2.7', 56_324, '198.51.100.1', 21);
const six = ends('2001:db8::7', 1, '2001:db8::1', 65_535);
const whole: [what: string, header: Buffer, ends: object | undefined][] = [
  ['v1, IPv4', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 21\r\n'), four],
  ['v1, IPv6', Buffer.from('PROXY TCP6 2001:DB8:0:0::7 2001:db8::1 1 65535\r\n'), six],
  ['v1, mapped', Buffer.from('PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 56324 21\r\n'), four],
  ['v1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['v1, unknown with more', Buffer.from('PROXY UNKNOWN ffff::1 whatever it is\r\n'), undefined],
  ['v2, IPv4', binary(0x21, 0x11, addresses('192.0.2.7', '198.51.100.1', 56_324, 21)), four],
  ['v2, IPv6', binary(0x21, 0x21, addresses('2001:db8:0:0:0:0:0:7', '2001:db8:0:0:0:0:0:1', 1, 65_535)), six],
  [
    'v2, with TLVs',
    binary(
      0x21,
      0x11,
      Buffer.concat([addresses('192.0.2.7', '198.51.100.1', 56_324, 21), Buffer.alloc(500, 4)]),
    ),
    four,
  ],
  ['v2, local', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['v2, local with a family', binary(0x20, 0xff, Buffer.alloc(30)), undefined],
  ['v2, unspecified', binary(0x21, 0x00, Buffer.alloc(7)), undefined],
  ['v2, UNIX', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
];

/** Reads as they come, until it is more than "more". */
function readInPieces(bytes: Buffer, cuts: readonly number[]) {
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    const header = readProxyHeader(bytes.subarray(0, cut));
    if (header.kind !== 'more') return { header, taken: cut };
  }
  return { header: { kind: 'more' as const }, taken: bytes.length };
}

describe('a PROXY header', () => {
  it.each(whole)('%s: its ends, and not a byte of what follows', (_what, header, expected) => {
    const following = Buffer.from('USER acme\r\n');
    const read = readProxyHeader(Buffer.concat([header, following]));
    expect(read).toEqual({ kind: 'header', ends: expected, rest: following });
  });

  it('is the same however its bytes are split', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat(300), { maxLength: 10 }),
        ([, header, expected], following, cuts) => {
          const bytes = Buffer.concat([header, following]);
          const { header: read, taken } = readInPieces(
            bytes,
            cuts.filter((cut) => cut <= bytes.length),
          );
          if (read.kind !== 'header') throw new Error(JSON.stringify(read));
          expect(read.ends).toEqual(expected);
          expect(read.rest.equals(bytes.subarray(header.length, taken))).toBe(true);
        },
      ),
    );
  });

  it('is waited for as long as it is one', () => {
    for (const [, header] of whole) {
      for (let length = 0; length < header.length; length += 1) {
        expect(readProxyHeader(header.subarray(0, length))).toEqual({ kind: 'more' });
      }
    }
  });

  it.each<[string, Buffer]>([
    ['no header', Buffer.from('USER acme\r\n')],
    ['a TLS hello', Buffer.from('160301', 'hex')],
    ['another case', Buffer.from('proxy TCP4')],
    ['a bare line feed', Buffer.from(`PROXY TCP4 192.0.2.7 198.51.100.1 56324 21\n${' '.repeat(100)}`)],
    ['a line without an end', Buffer.from('PROXY UNKNOWN '.padEnd(107, 'x'))],
    ['a line that ends too late', Buffer.from(`${'PROXY UNKNOWN '.padEnd(106, 'x')}\r\n`)],
    ['no protocol', Buffer.from('PROXY \r\n')],
    ['UDP', Buffer.from('PROXY UDP4 192.0.2.7 198.51.100.1 1 1\r\n')],
    ['a name of Object', Buffer.from('PROXY constructor 192.0.2.7 198.51.100.1 1 1\r\n')],
    ['a family that does not fit', Buffer.from('PROXY TCP4 2001:db8::7 2001:db8::1 1 1\r\n')],
    ['a host name', Buffer.from('PROXY TCP4 localhost 198.51.100.1 1 1\r\n')],
    ['a zone', Buffer.from('PROXY TCP6 fe80::1%lo fe80::2 1 1\r\n')],
    ['two spaces', Buffer.from('PROXY TCP4  192.0.2.7 198.51.100.1 1 1\r\n')],
    ['a field too many', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 1 1\r\n')],
    ['a field too few', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n')],
    ['a port too high', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 65536 1\r\n')],
    ['a leading zero', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 021 1\r\n')],
    ['a sign', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 +21 1\r\n')],
    ['version 1 in binary', binary(0x11, 0x11, addresses('192.0.2.7', '198.51.100.1', 1, 1))],
    ['an unknown command', binary(0x22, 0x11, addresses('192.0.2.7', '198.51.100.1', 1, 1))],
    ['datagrams', binary(0x21, 0x12, addresses('192.0.2.7', '198.51.100.1', 1, 1))],
    ['an unknown family', binary(0x21, 0x41, Buffer.alloc(40))],
    ['fewer bytes than its addresses', binary(0x21, 0x21, addresses('192.0.2.7', '198.51.100.1', 1, 1))],
    ['a length beyond the bound', binary(0x21, 0x11, Buffer.alloc(0), 4097)],
  ])('%s is none', (_what, bytes) => {
    expect(readProxyHeader(bytes).kind).toBe('invalid');
  });

  it('is answered whatever comes, and says no longer "more" than its bound', () => {
    const beginnings = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 ::1 ');
    const text = fc.tuple(beginnings, fc.uint8Array({ minLength: 110, maxLength: 200 }));
    fc.assert(
      fc.property(text, ([begin, bytes]) => {
        expect(readProxyHeader(Buffer.concat([Buffer.from(begin), bytes])).kind).not.toBe('more');
      }),
    );
    const bytes = fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 5000 }));
    fc.assert(
      fc.property(bytes, ([fixed, following]) => {
        const read = readProxyHeader(Buffer.concat([Buffer.from(SIGNATURE, 'hex'), fixed, following]));
        expect(read.kind === 'more' && following.length >= 4096).toBe(false);
      }),
    );
  });
});
