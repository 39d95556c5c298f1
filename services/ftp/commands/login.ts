import { senderOf } from '../../../core/addresses.ts';
import { Fault } from '../../../core/fault.ts';
import type { Caller } from '../../../core/gate.ts';
import { isAnonymous, type Partner } from '../../../core/partner.ts';
import type { Call, Command } from '../command.ts';
import { lastReply, Refusal, type Reply, reply } from '../reply.ts';
import { atStart, endVisit, type Session } from '../session.ts';

/** Failed logins on one connection; the next attempt needs another one. */
const MAX_FAILED_LOGINS = 3;
/** Characters of a mail address in the log (RFC 5321, 4.5.3.1.3). */
const MAX_MAIL_LENGTH = 254;

export const login = {
  USER: {
    when: 'always',
    argument: 'required',
    help: '<name>: begins the login',
    async *run({ session, argument }) {
      // RFC 959 §4.1.1: at any time, ending the login that was; transfer parameters stay.
      await endVisit(session);
      session.folder = '/';
      session.user = undefined;
      if (isPlain(session) && session.options.gate.demandsTls()) {
        throw new Refusal(534, 'Nobody logs in here without TLS: AUTH TLS comes first.');
      }
      const partner = session.options.gate.loginByCertificate(callerOf(session, argument));
      if (partner) {
        const welcome = reply(232, 'Welcome: your certificate is known.');
        yield await enter(session, partner, { certificate: session.protection?.certificate }).then(
          () => welcome,
          (thrown: unknown) => refuse(session, argument, Fault.from(thrown)),
        );
        return;
      }
      session.user = argument;
      // The same for everybody: nobody learns which users there are (RFC 2577 §6.2).
      yield reply(331, 'Send the password.');
    },
  },
  PASS: {
    when: 'named',
    argument: 'optional',
    help: '<password>: ends the login',
    async *run(call) {
      yield await logIn(call);
    },
  },
  ACCT: {
    when: 'ready',
    argument: 'required',
    help: '<account>: not needed here',
    async *run() {
      yield reply(202, 'No account is needed.');
    },
  },
  REIN: {
    when: 'always',
    argument: 'none',
    help: ': starts again, without a login',
    async *run({ session }) {
      await endVisit(session);
      const { protection, isImplicit } = session;
      Object.assign(session, atStart());
      const ready = reply(220, 'Ready for a new user.');
      // RFC 4217 §13: TLS ends behind the reply. Implicit FTPS has nothing else to go back to.
      const endsTls = !isImplicit && protection?.control;
      session.protection = isImplicit && protection ? { ...protection, sized: false, data: 'P' } : undefined;
      if (!isImplicit) session.serverName = undefined;
      yield endsTls ? { ...ready, tls: 'ends' } : ready;
    },
  },
  QUIT: {
    when: 'always',
    argument: 'none',
    help: ': ends the session, after the transfer that is running',
    async *run() {
      yield lastReply(221, 'Goodbye.');
    },
  },
} as const satisfies Record<string, Command>;

async function logIn({ session, argument }: Call): Promise<Reply> {
  const user = session.user ?? '';
  session.user = undefined;
  try {
    const partner = await session.options.gate.login(callerOf(session, user), argument);
    // RFC 1635: of who is anonymous, the password is a mail address by custom.
    const said = isAnonymous(partner) ? { password: argument.slice(0, MAX_MAIL_LENGTH) } : {};
    await enter(session, partner, said);
    return reply(230, 'Welcome.');
  } catch (thrown) {
    return refuse(session, user, Fault.from(thrown));
  }
}

const isPlain = ({ protection }: Session): boolean => !protection?.control;

function callerOf(session: Session, user: string): Caller {
  const { client, host, serverName, protection } = session;
  return {
    user,
    address: client,
    host: host ?? serverName,
    certificate: protection?.certificate,
    isPlain: isPlain(session),
    isThere: () => session.controlAlive(),
  };
}

async function enter(session: Session, partner: Partner, said: object): Promise<void> {
  const leave = await countIn(session, partner);
  try {
    session.visit = { zone: await session.options.openZone(partner), logBefore: session.log, leave };
  } catch (thrown) {
    await leave();
    throw thrown;
  }
  session.log = session.log.child({ partner: partner.name });
  session.log.info(said, 'logged in');
}

/** Counts the session as one of the partner's and, where it limits them, as one of its from this sender. */
function countIn({ options, client }: Session, { name, limits }: Partner): Promise<() => Promise<void>> {
  const { sessions: perPartner, sessionsPerAddress: perSender } = limits;
  if (perSender === undefined) return options.fleet.enter({ partner: name }, { perPartner });
  return options.fleet.enter({ partner: name, sender: senderOf(client) }, { perPartner, perSender });
}

function refuse(session: Session, user: string, fault: Fault): Reply {
  // RFC 959 has no 4xx for PASS but this one; 530 would say that the password is wrong.
  if (fault.retry && fault.code !== 'internal') {
    session.log.warn({ user, reason: fault.reason }, 'login refused');
    return lastReply(421, `Login refused: ${fault.message}.`);
  }
  if (fault.code !== 'bad-credentials') throw fault;
  session.failedLogins += 1;
  const reason = fault.cause instanceof Error ? fault.cause.message : undefined;
  session.log.warn({ user, failures: session.failedLogins, reason }, 'login failed');
  if (session.failedLogins >= MAX_FAILED_LOGINS) return lastReply(421, 'Too many failed logins.');
  const { options } = session;
  // The same for all who speak in the clear: nobody learns whose partner it is that demands TLS.
  const orTls = options.tls && isPlain(session) ? ', or AUTH TLS must come first' : '';
  return reply(530, `Login failed: the name or the password is wrong${orTls}.`);
}
