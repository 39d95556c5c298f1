import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTicketKeys } from '../../adapters/tls/ticket-keys-file.ts';
import type { KeyPair } from '../../core/ports/certificates.ts';
import { pairFor } from '../../services/ftp/tls/host-certificate.ts';
import { masterSecretOf } from '../../services/ftp/tls/master-secret.ts';
import { createRecords } from '../../services/ftp/tls/records.ts';

describe('the certificate for a host', () => {
  const pair = (name: string, ...hosts: string[]): KeyPair => ({ name, certificate: '', key: '', hosts });
  const pairs = [
    pair('first', 'ftp.example'),
    pair('wild', '*.files.example'),
    pair('exact', 'a.files.example', 'b.example'),
  ];
  it.each([
    [undefined, 'first'],
    ['ftp.example', 'first'],
    ['b.example', 'exact'],
    ['a.files.example', 'exact'],
    ['c.files.example', 'wild'],
    ['d.c.files.example', 'first'],
    ['files.example', 'first'],
    ['elsewhere', 'first'],
    ['', 'first'],
  ])('%s: %s', (host, name) => {
    expect(pairFor(pairs, host).name).toBe(name);
  });
});

describe('TLS records', () => {
  const record = (type: number, length: number): Buffer =>
    Buffer.concat([Buffer.from([type, 3, 3, length >> 8, length & 255]), Buffer.alloc(length, type)]);

  it('are followed however they are cut, to what is none', () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 20, max: 24 }), fc.nat(300)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat()), (all, cuts) => {
        const bytes = Buffer.concat(all.map(([type, length]) => record(type, length)));
        const whole = Buffer.concat([bytes, Buffer.from('PWD\r\n')]);
        const records = createRecords();
        let from = 0;
        let taken = 0;
        for (const cut of [...cuts.map((at) => at % bytes.length), bytes.length].sort((a, b) => a - b)) {
          taken += records.follow(whole.subarray(from, cut));
          from = cut;
        }
        expect(taken).toBe(bytes.length);
        expect(records.areWhole).toBe(true);
        expect(records.follow(whole.subarray(from))).toBe(0);
      }),
    );
  });

  it('know when the last one is not complete', () => {
    const bytes = record(23, 40);
    for (let length = 1; length < bytes.length; length += 1) {
      const records = createRecords();
      records.follow(bytes.subarray(0, length));
      expect(records.areWhole).toBe(false);
    }
  });
});

describe('the secret of a TLS session', () => {
  const der = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(
        content.length < 128 ? [tag, content.length] : [tag, 0x82, content.length >> 8, content.length & 255],
      ),
      content,
    ]);
  const session = (secret: Buffer): Buffer =>
    der(
      0x30,
      Buffer.concat([
        der(2, Buffer.from([1])),
        der(2, Buffer.from([3, 4])),
        der(4, Buffer.from([0x13, 1])),
        der(4, randomBytes(32)),
        der(4, secret),
        der(0xa1, randomBytes(300)),
      ]),
    );

  it('is found in what OpenSSL writes down', () => {
    const secret = randomBytes(48);
    expect(masterSecretOf(session(secret))).toBe(secret.toString('latin1'));
  });

  it('is not found in anything else', () => {
    const whole = session(randomBytes(48));
    for (const wrong of [
      Buffer.alloc(0),
      Buffer.from('no session'),
      whole.subarray(0, 60),
      whole.subarray(1),
    ]) {
      expect(() => masterSecretOf(wrong)).toThrow();
    }
  });
});

describe('ticket keys', () => {
  const [one, two] = [randomBytes(48), randomBytes(48)];
  it('are read newest first, past remarks', () => {
    const text = `# of today\n${one.toString('base64')}\n\n${two.toString('base64')} # yesterday's\n`;
    expect(parseTicketKeys(text)).toEqual([one, two]);
  });
  it.each(['', '# nothing', 'bm8ga2V5', `${randomBytes(47).toString('base64')}`])('are not %o', (text) => {
    expect(() => parseTicketKeys(text)).toThrow();
  });
});
