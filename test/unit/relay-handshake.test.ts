import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Claim,
  challengeBytes,
  encodeChallenge,
  encodeClaim,
  encodeProof,
  isClaimProven,
  isProof,
  readChallenge,
  readClaim,
  readProof,
} from '../../services/ftp/relay/handshake.ts';
import type { Read } from '../../services/ftp/relay/message.ts';
import { encodeReport, takeReports, tidings } from '../../services/ftp/relay/records.ts';

const claims: fc.Arbitrary<Claim> = fc.record({
  kind: fc.constantFrom('relay' as const, 'reports' as const),
  port: fc.nat(65_535),
  client: fc.oneof(fc.ipV4(), fc.ipV6()),
});
const nonces = fc
  .uint8Array({ minLength: challengeBytes, maxLength: challengeBytes })
  .map((bytes) => Buffer.from(bytes));
const secrets = fc.record({ secret: fc.string({ minLength: 16 }), nonce: nonces, token: fc.string() });
/** Longer than any message. */
const MAX_MESSAGE_BYTES = 256;

const whole = <What>(read: Read<What>): { what: What; rest: Buffer } => {
  if (read.kind !== 'whole') throw new Error(read.kind);
  return read;
};

describe('a handshake of two listeners', () => {
  it('is of those who have the secret, the token and the nonce, and for this claim', () => {
    fc.assert(
      fc.property(claims, secrets, secrets, claims, (claim, words, others, other) => {
        const made = whole(readClaim(encodeClaim(claim, words))).what;
        expect(made).toMatchObject(claim);
        expect(isClaimProven(made, words)).toBe(true);
        for (const name of ['secret', 'nonce', 'token'] as const) {
          if (String(others[name]) === String(words[name])) continue;
          expect(isClaimProven(made, { ...words, [name]: others[name] })).toBe(false);
        }
        const same = JSON.stringify(other) === JSON.stringify(claim);
        expect(isClaimProven({ ...made, ...other }, words)).toBe(same);

        const mac = whole(readProof(encodeProof(claim, words))).what;
        expect(isProof(mac, claim, words)).toBe(true);
        expect(isProof(mac, other, words)).toBe(same);
        // What the one side has said proves nothing for the other.
        expect(isProof(made.mac, claim, words)).toBe(false);
      }),
    );
  });

  it('is read however its bytes are split, and takes none of what follows', () => {
    fc.assert(
      fc.property(claims, secrets, fc.uint8Array({ maxLength: 50 }), (claim, words, more) => {
        const messages: [Buffer, (bytes: Buffer) => Read<unknown>][] = [
          [encodeClaim(claim, words), readClaim],
          [encodeChallenge(words.nonce), readChallenge],
          [encodeProof(claim, words), readProof],
        ];
        for (const [bytes, read] of messages) {
          for (let length = 0; length < bytes.length; length += 1) {
            expect(read(bytes.subarray(0, length)).kind).toBe('more');
          }
          expect(whole(read(Buffer.concat([bytes, more]))).rest.equals(Buffer.from(more))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is never waited for longer than its bound, whatever comes', () => {
    const bytes = fc.uint8Array({ minLength: MAX_MESSAGE_BYTES, maxLength: 2 * MAX_MESSAGE_BYTES });
    fc.assert(
      fc.property(bytes, fc.boolean(), (some, isOurs) => {
        const sent = Buffer.from(some);
        if (isOurs) sent[0] = 1;
        for (const read of [readClaim, readChallenge, readProof]) expect(read(sent).kind).not.toBe('more');
      }),
    );
  });
});

it('reports are read in order however their bytes are split', () => {
  const report = fc.record({
    tiding: fc.constantFrom(...tidings),
    token: fc.constant('').map(() => randomBytes(16).toString('base64url')),
  });
  fc.assert(
    fc.property(fc.array(report, { maxLength: 20 }), fc.array(fc.nat(400)), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(encodeReport));
      const got: unknown[] = [];
      let held = Buffer.alloc(0);
      let from = 0;
      for (const to of [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]) {
        const { reports, rest } = takeReports(Buffer.concat([held, bytes.subarray(from, to)]));
        got.push(...reports);
        held = Buffer.from(rest);
        from = to;
      }
      expect(got).toEqual(sent);
      expect(held.length).toBe(0);
    }),
  );
});
