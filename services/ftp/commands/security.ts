import type { Command } from '../command.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import type { Session } from '../session.ts';
import { endVisit } from '../session.ts';
import { mustBePrivate } from '../tls/protect-channel.ts';
import type { Protection, ProtectionLevel } from '../tls/protection.ts';

/**
 * RFC 4217 §4; the others are what its drafts had, and clients still say. Those who say SSL or TLS-P may never say
 * PROT P, which is in it.
 */
const mechanisms: Readonly<Record<string, NonNullable<Reply['tls']>>> = {
  TLS: 'begins',
  'TLS-C': 'begins',
  SSL: 'begins-private',
  'TLS-P': 'begins-private',
};

/** RFC 2228 §3, and what RFC 4217 §9 has of it. */
const levels: Readonly<Record<string, ProtectionLevel | 'not-supported'>> = {
  C: 'C',
  S: 'not-supported',
  E: 'not-supported',
  P: 'P',
};

/** RFC 2228 §3: 503 before a security exchange; RFC 4217 §12: and after CCC, which leaves data connections as they are. */
function protectionOf({ protection }: Session): Protection {
  if (!protection) throw new Refusal(503, 'AUTH TLS comes first.');
  if (!protection.control) throw new Refusal(503, 'Not after CCC.');
  return protection;
}

const whereThereIsTls =
  (feature: string) =>
  ({ options }: Session): string | undefined =>
    options.tls ? feature : undefined;

export const security = {
  AUTH: {
    when: 'always',
    argument: 'required',
    feature: whereThereIsTls('AUTH TLS'),
    help: 'TLS: protects the control connection from here on',
    async *run({ session, argument }) {
      const { options, protection } = session;
      const asked = argument.trim().toUpperCase();
      const begins = Object.hasOwn(mechanisms, asked) ? mechanisms[asked] : undefined;
      if (!begins) throw new Refusal(504, 'AUTH takes TLS.');
      // RFC 2228 §3: 431, some resource that it needs is not available.
      if (!options.tls) throw new Refusal(431, 'There is no certificate here.');
      if (protection?.control) throw new Refusal(503, 'TLS is on already.');
      // RFC 2228 §3: who was logged in must do it again.
      await endVisit(session);
      session.user = undefined;
      session.protection = undefined;
      yield { ...reply(234, 'Begin TLS.'), tls: begins };
    },
  },
  PBSZ: {
    when: 'always',
    argument: 'required',
    feature: whereThereIsTls('PBSZ'),
    help: '0: the size of protected blocks, of which TLS has none',
    async *run({ session, argument }) {
      const protection = protectionOf(session);
      const asked = argument.trim();
      // RFC 2228 §3: a number of 32 bits.
      if (!/^\d{1,10}$/.test(asked) || Number(asked) >= 2 ** 32)
        throw new Refusal(501, 'PBSZ takes a number.');
      protection.sized = true;
      yield reply(200, 'PBSZ=0');
    },
  },
  PROT: {
    when: 'always',
    argument: 'required',
    feature: whereThereIsTls('PROT'),
    help: 'P | C: data connections private, or in the clear',
    async *run({ session, argument }) {
      const protection = protectionOf(session);
      const asked = argument.trim().toUpperCase();
      const level = Object.hasOwn(levels, asked) ? levels[asked] : undefined;
      if (!protection.sized) throw new Refusal(503, 'PBSZ comes first.');
      if (!level) throw new Refusal(504, 'PROT takes P or C.');
      if (level === 'not-supported') throw new Refusal(536, 'TLS has P and C only.');
      // RFC 4217 §9: 534, the policy does not allow it. Before the login nobody knows whose it is; see `takeChannel`.
      if (level === 'C' && mustBePrivate(session)) {
        throw new Refusal(534, 'Your data connections must be private: PROT P.');
      }
      protection.data = level;
      yield reply(200, `PROT is ${level}.`);
    },
  },
  CCC: {
    when: 'ready',
    argument: 'none',
    help: ': the control connection goes on in the clear',
    async *run({ session }) {
      const { protection, visit, isImplicit } = session;
      // RFC 2228 §3: 533, the control connection is not protected.
      if (!protection?.control) throw new Refusal(533, 'The control connection is in the clear.');
      if (isImplicit || !visit?.zone.partner.ftp.clearControl)
        throw new Refusal(534, 'CCC is not allowed here.');
      protection.control = false;
      yield { ...reply(200, 'In the clear from here on.'), tls: 'ends' };
    },
  },
} as const satisfies Record<string, Command>;
