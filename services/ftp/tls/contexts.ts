import type { Buffer } from 'node:buffer';
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Certificates, KeyPair } from '../../../core/ports/certificates.ts';
import type { TicketKeys } from '../../../core/ports/ticket-keys.ts';
import { pairFor } from './host-certificate.ts';
import { sealTickets } from './ticket-seal.ts';

/**
 * TLS 1.2 with forward secrecy only. Last those with CBC: .NET on Windows Server 2012 has no others for an RSA
 * certificate. TLS 1.3 has its own, all of which are good.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
].join(':');

/**
 * Seconds that a TLS session can be resumed, the most that RFC 8446 §4.6.1 allows: some clients resume that of their
 * control connection for every data connection, and a control connection may live for days.
 */
const SESSION_SECONDS = 7 * 24 * 60 * 60;
/** Milliseconds until tickets are sealed with a key that is new. */
const ROTATE_MS = 24 * 60 * 60_000;
/** Milliseconds for which the ticket keys are not asked for again. */
const KEYS_HOLD_MS = 30_000;
/** Keys that this process has seen and opens tickets with: those of as many rotations as a session can be resumed. */
const MAX_KEYS = Math.ceil((SESSION_SECONDS * 1000) / ROTATE_MS) + 1;

/** One generation of certificates, by host. A session keeps the one that it began with. */
export interface TlsContexts {
  for(host: string | undefined): SecureContext;
}

export interface TlsEnds {
  /** What new sessions begin with. */
  current(): Promise<TlsContexts>;
}

export interface TlsEndsOptions {
  readonly certificates: Pick<Certificates, 'current'>;
  readonly ticketKeys: TicketKeys;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export function createTlsEnds({ certificates, ticketKeys, minVersion }: TlsEndsOptions): TlsEnds {
  let made: { pairs: readonly KeyPair[]; contexts: TlsContexts } | undefined;
  let keys: readonly Buffer[] = [];
  let asked: { at: number; answered: Promise<void> } | undefined;

  const askForKeys = async (): Promise<void> => {
    const { keys: given } = await ticketKeys.current(ROTATE_MS);
    // Sessions that are under way hold tickets by keys that are given no more.
    const older = keys.filter((key) => !given.some((one) => one.equals(key)));
    keys = [...given, ...older].slice(0, MAX_KEYS);
  };

  return {
    async current() {
      const now = performance.now();
      if (!asked || now - asked.at > KEYS_HOLD_MS) asked = { at: now, answered: askForKeys() };
      try {
        await asked.answered;
      } catch (thrown) {
        asked = undefined;
        throw thrown;
      }
      const pairs = certificates.current();
      if (made?.pairs !== pairs) made = { pairs, contexts: contextsOf(pairs, () => keys, minVersion) };
      return made.contexts;
    },
  };
}

function contextsOf(
  pairs: readonly KeyPair[],
  keys: () => readonly Buffer[],
  minVersion: TlsEndsOptions['minVersion'],
): TlsContexts {
  const create = (pair: KeyPair): SecureContext => {
    const context = createSecureContext({
      cert: pair.certificate,
      key: pair.key,
      ciphers: CIPHERS,
      honorCipherOrder: true,
      minVersion,
      // RFC 5746 makes it safe and nobody needs it: each costs the server more than the client.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      sessionIdContext: 'landfall-ftp',
      sessionTimeout: SESSION_SECONDS,
    });
    sealTickets(context, keys);
    return context;
  };
  const made = new Map<KeyPair, SecureContext>();
  return {
    for(host) {
      const pair = pairFor(pairs, host);
      const context = made.get(pair) ?? create(pair);
      made.set(pair, context);
      return context;
    },
  };
}
