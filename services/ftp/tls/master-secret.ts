import type { Buffer } from 'node:buffer';

/** Tags of DER (X.690 §8). */
const [INTEGER, OCTETS, SEQUENCE] = [0x02, 0x04, 0x30];
/** What is in OpenSSL's SSL_SESSION before the secret, which is next: versions, cipher, session id. */
const BEFORE = [INTEGER, INTEGER, OCTETS, OCTETS];

/**
 * The secret that a TLS session is resumed by, out of how OpenSSL writes it down (`getSession`, `newSession`): the one
 * thing that is the same at both ends of a resumption, for TLS 1.2 and 1.3, tickets and session ids. Throws for what is
 * no session.
 */
export function masterSecretOf(session: Buffer): string {
  let { from } = element(session, 0, SEQUENCE);
  for (const tag of BEFORE) from = element(session, from, tag).to;
  const secret = element(session, from, OCTETS);
  return session.toString('latin1', secret.from, secret.to);
}

/** The element at the offset: where its content begins and ends. */
function element(bytes: Buffer, at: number, tag: number): { from: number; to: number } {
  const first = bytes[at + 1];
  if (bytes[at] !== tag || first === undefined) throw new Error('this is no TLS session');
  const more = first < 0x80 ? 0 : first - 0x80;
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
  const from = at + 2 + more;
  if (from + length > bytes.length) throw new Error('this is no TLS session');
  return { from, to: from + length };
}
