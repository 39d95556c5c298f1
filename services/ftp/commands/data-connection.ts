import { isIPv4 } from 'node:net';
import type { Command } from '../command.ts';
import { openActiveChannel } from '../data/active-channel.ts';
import { encodePort, type HostPort, parseExtendedPort, parsePort, refuseBounce } from '../data/host-port.ts';
import { isFrom, type Origins } from '../data/origins.ts';
import { openPassiveChannel } from '../data/passive-channel.ts';
import { Refusal, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';

const requireFree = ({ epsvOnly }: Session): void => {
  if (epsvOnly) throw new Refusal(503, 'After EPSV ALL only EPSV is allowed.');
};

const originsOf = (session: Session): Origins => ({
  client: session.client,
  others: zoneOf(session).partner.ftp.dataAddresses,
});

async function listen(session: Session): Promise<number> {
  const { ports, options } = session;
  session.channel?.close();
  const channel = openPassiveChannel({
    ports,
    origins: originsOf(session),
    timeoutMs: options.timeouts.dataMs,
  });
  session.channel = channel;
  try {
    return await channel.port;
  } catch (thrown) {
    session.channel = undefined;
    throw thrown;
  }
}

/** What PASV tells the client. */
async function hostFor({ options, own, local, log }: Session): Promise<string> {
  try {
    return (await options.passive.address?.(own)) ?? local;
  } catch (err) {
    log.warn({ err }, 'the name that PASV tells has no address');
    throw new Refusal(425, 'PASV has no address to tell now, use EPSV.');
  }
}

function dial(session: Session, to: HostPort): void {
  const origins = originsOf(session);
  if (!isFrom(origins, to.host)) session.log.warn({ host: to.host }, 'data connection elsewhere refused');
  refuseBounce(to, origins);
  session.channel?.close();
  session.channel = openActiveChannel({
    to,
    local: session.own,
    timeoutMs: session.options.timeouts.dataMs,
  });
}

export const dataConnection = {
  PASV: {
    when: 'ready',
    argument: 'none',
    help: ': the client makes the data connection, IPv4',
    async *run({ session }) {
      requireFree(session);
      const host = await hostFor(session);
      // The reply has room for IPv4 only; and who came by IPv6 would come back by IPv4, from an address nobody expects.
      if (!isIPv4(host) || !isIPv4(session.client)) throw new Refusal(502, 'PASV is for IPv4, use EPSV.');
      const port = await listen(session);
      yield reply(227, `Entering Passive Mode (${encodePort({ host, port })}).`);
    },
  },
  EPSV: {
    when: 'ready',
    argument: 'optional',
    feature: () => 'EPSV',
    help: '[1 | 2 | ALL]: the client makes the data connection',
    async *run({ session, argument }) {
      const asked = argument.trim().toUpperCase();
      if (asked === 'ALL') {
        // RFC 2428 §4.
        session.epsvOnly = true;
        yield reply(200, 'Only EPSV from now on.');
        return;
      }
      const ours = isIPv4(session.local) ? '1' : '2';
      if (!/^\d*$/.test(asked)) throw new Refusal(501, 'EPSV takes 1, 2, ALL or nothing.');
      if (asked !== '' && asked !== ours) {
        throw new Refusal(522, `Network protocol not supported, use (${ours})`);
      }
      yield reply(229, `Entering Extended Passive Mode (|||${await listen(session)}|)`);
    },
  },
  PORT: {
    when: 'ready',
    argument: 'required',
    help: '<h1,h2,h3,h4,p1,p2>: the server makes the data connection, IPv4',
    async *run({ session, argument }) {
      requireFree(session);
      dial(session, parsePort(argument));
      yield reply(200, 'PORT is set.');
    },
  },
  EPRT: {
    when: 'ready',
    argument: 'required',
    feature: () => 'EPRT',
    help: '<|protocol|address|port|>: the server makes the data connection',
    async *run({ session, argument }) {
      requireFree(session);
      dial(session, parseExtendedPort(argument));
      yield reply(200, 'EPRT is set.');
    },
  },
} as const satisfies Record<string, Command>;
