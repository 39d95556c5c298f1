import { Buffer } from 'node:buffer';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAddressAllowed, senderOf } from './addresses.ts';
import { createDataAddresses } from './data-addresses.ts';
import { Fault } from './fault.ts';
import { anonymousUsers, type Login, type Partner } from './partner.ts';
import { decoyHash, verifyPassword } from './password.ts';
import type { Fleet, LoginKey } from './ports/fleet.ts';
import type { Partners } from './ports/partners.ts';
import { createTurns } from './turns.ts';
import { createVerified } from './verified.ts';

/** The way in, for every protocol: who may log in, how often, from where. */
export interface Gate {
  /**
   * The partner whose login this is. Throws `bad-credentials`, the same and after the same time whether the user is
   * unknown, disabled, comes from a wrong address or has another password; `limit-reached` after too many failures.
   */
  login(caller: Caller, password: string): Promise<Partner>;
  /** The partner that the caller's certificate lets in without a password, if it does. */
  loginByCertificate(caller: Caller): Partner | undefined;
  /** Whether any partner may log in at this host, in lower case. */
  knowsHost(host: string): boolean;
  /** Whether any partner has a login with a certificate: only then clients are asked for one. */
  knowsCertificates(): boolean;
  /**
   * Of the further addresses and networks that partners' data connections may come from, those that this address or network
   * has one in common with.
   */
  dataAddressesOf(rule: string): readonly string[];
  /** Whether no partner at all may log in by FTP without TLS: then nobody needs to send a password to learn that. */
  demandsTls(): boolean;
}

/** Who knocks, and by what way. */
export interface Caller {
  readonly user: string;
  readonly address: string;
  /** The host that it asked for, in lower case. */
  readonly host?: string | undefined;
  /** SHA-256 of the certificate whose key it has shown to hold; lower-case hex. */
  readonly certificate?: string | undefined;
  /** It speaks FTP without TLS. Partners that demand TLS do not get in; it looks as if the password were wrong. */
  readonly isPlain?: boolean | undefined;
  /** Whether it is still there to hear the answer; it is when this is left out. */
  readonly isThere?: (() => boolean) | undefined;
}

export interface GatePorts {
  readonly partners: Pick<Partners, 'login' | 'all'>;
  readonly fleet: Pick<Fleet, 'loginDelayMs' | 'loginFailed' | 'hasLoggedIn'>;
}

/** A login that would have to wait longer is refused at once, in milliseconds; longer than any address's wait. */
const MAX_DELAY_MS = 8_000;
/** Logins that sit out their delay at once. */
const MAX_DELAYED = 500;
/**
 * Runs of scrypt: each takes 32 MiB, a processor, and one of the 16 threads that do the disk's work too. One per sender
 * at a time, so that guesses in parallel do not pass before the first failure counts. After a restart all partners come
 * at once. Of their clients few wait longer than half a minute for an answer: who would have to is told to come again,
 * as a run for who has gone is one that others wait for.
 */
const SCRYPT_RUNS = {
  atOnce: Math.min(Math.max(2, availableParallelism()), 8),
  waitMs: 25_000,
  waiting: 2_000,
} as const;
/** Characters of the user's name that failures are counted under; no login has more. */
const MAX_USER_LENGTH = 128;
const MAX_PASSWORD_BYTES = 1024;

interface Found {
  readonly partner: Partner;
  readonly login: Login;
}

/** What about a caller does not fit its login. For the log only: to the caller all are as a wrong password. */
const MISFITS: readonly {
  readonly why: string;
  readonly is: (caller: Caller, partner: Partner, login: Login) => boolean;
}[] = [
  { why: 'the partner is not enabled', is: (_, { enabled }) => !enabled },
  {
    why: "the address is not one of the partner's",
    is: ({ address }, { addresses }) => !isAddressAllowed(address, addresses),
  },
  {
    why: 'the partner demands TLS, and there was none',
    is: ({ isPlain = false }, { ftp }) => isPlain && ftp.tls !== 'optional',
  },
  {
    why: "the host is not one of the partner's",
    is: ({ host = '' }, { hosts }) => hosts.length > 0 && !hosts.includes(host),
  },
  {
    why: "the certificate is not the login's",
    is: (caller, _, { certificate }) => certificate !== undefined && certificate !== caller.certificate,
  },
];

const misfitOf = (caller: Caller, { partner, login }: Found): string | undefined =>
  MISFITS.find(({ is }) => is(caller, partner, login))?.why;

/** What is known of a password that was right, and what is verified. */
interface Tried {
  readonly name: string;
  readonly password: string;
  readonly hash: string;
}

interface Check {
  readonly callers: Caller[];
  readonly isRight: Promise<boolean>;
}

/**
 * The delay is of the user at this sender and of this sender, and comes before anything is looked up: a stranger
 * elsewhere cannot delay a partner, and who is delayed cannot tell a right guess by how fast it is.
 */
export function createGate({ partners, fleet }: GatePorts): Gate {
  const decoy = decoyHash();
  const verified = createVerified();
  const inTurn = createTurns(SCRYPT_RUNS);
  /** Those that wait or run; all who come from one sender with the same words share one. */
  const checks = new Map<string, Check>();
  let delayed = 0;

  const sitOut = async (delayMs: number): Promise<void> => {
    if (delayMs > MAX_DELAY_MS || delayed >= MAX_DELAYED)
      throw new Fault('limit-reached', 'too many failed logins');
    delayed += 1;
    // A timer may be a millisecond early.
    await sleep(delayMs + 2);
    delayed -= 1;
  };

  const loginOf = (user: string): Found | undefined => {
    const found = partners.login(user);
    if (found || !anonymousUsers.some((name) => name === user.toLowerCase())) return found;
    return anonymousUsers.map((name) => partners.login(name)).find((other) => other?.login.anonymous);
  };

  /** The partner whose login fits the caller in all but its password, with the hash that one must have, if any. */
  const expected = (caller: Caller): { partner: Partner; hash: string | undefined } | undefined => {
    const found = loginOf(caller.user);
    if (!found || misfitOf(caller, found) !== undefined) return undefined;
    return { partner: found.partner, hash: found.login.password };
  };

  const isRight = async (who: LoginKey, { name, password, hash }: Tried): Promise<boolean> => {
    if (verified.has(name)) return true;
    // Somebody of the same sender has failed since, and the delay is not over.
    if ((await fleet.loginDelayMs(who)) > 0) throw new Fault('limit-reached', 'too many failed logins');
    const right = await verifyPassword(password, hash);
    // Within the turn, so that those who wait for theirs find it.
    if (right) verified.add(name);
    else await fleet.loginFailed(who, true);
    return right;
  };

  const check = (caller: Caller, who: LoginKey, tried: Tried): Promise<boolean> => {
    const key = `${who.address} ${tried.name}`;
    const same = checks.get(key);
    if (same) {
      same.callers.push(caller);
      return same.isRight;
    }
    const callers = [caller];
    const isThere = (): boolean => callers.some((one) => one.isThere?.() ?? true);
    const waitAndRun = async (): Promise<boolean> => {
      const isKnown = await fleet.hasLoggedIn(who.address);
      return inTurn({ owner: who.address, isKnown, isThere }, () => isRight(who, tried));
    };
    const right = waitAndRun().finally(() => checks.delete(key));
    checks.set(key, { callers, isRight: right });
    return right;
  };

  return {
    loginByCertificate(caller) {
      // Without one nothing was shown: an anonymous login has neither.
      const byCertificate = loginOf(caller.user)?.login.certificate !== undefined;
      const found = byCertificate ? expected(caller) : undefined;
      return found?.hash === undefined ? found?.partner : undefined;
    },

    knowsHost: (host) =>
      partners.all().some(({ enabled, hosts }) => enabled && (hosts.length === 0 || hosts.includes(host))),

    knowsCertificates: () =>
      partners.all().some(({ logins }) => logins.some(({ certificate }) => certificate !== undefined)),

    dataAddressesOf: createDataAddresses(partners),

    demandsTls: () =>
      partners.all().length > 0 &&
      partners.all().every(({ ftp, enabled }) => !enabled || ftp.tls !== 'optional'),

    async login(caller, password) {
      const { user, address } = caller;
      const who = { user: user.slice(0, MAX_USER_LENGTH), address: senderOf(address) };
      const delayMs = await fleet.loginDelayMs(who);
      if (delayMs > 0) await sitOut(delayMs);
      const found = expected(caller);
      // Nothing to guess: whoever fits has shown all that is asked of them.
      if (found && found.hash === undefined) return found.partner;
      const hash = found?.hash ?? decoy;
      const name = verified.nameOf(user, password, hash);
      const fits = user.length <= MAX_USER_LENGTH && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
      const tried = fits ? { name, password, hash } : { name, password: '', hash: decoy };
      const right = verified.has(name) || (await check(caller, who, tried));
      // Its partner's file may have changed while it waited.
      const now = right ? expected(caller) : undefined;
      if (now?.hash !== hash) {
        const there = loginOf(user);
        const why = there ? (misfitOf(caller, there) ?? 'the password is wrong') : 'there is no such user';
        throw new Fault('bad-credentials', undefined, { cause: new Error(why) });
      }
      await fleet.loginFailed(who, false);
      return now.partner;
    },
  };
}
