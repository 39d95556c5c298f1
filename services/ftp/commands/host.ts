import type { Command } from '../command.ts';
import { Refusal, reply } from '../reply.ts';

/** RFC 7151 §3: a name, an IPv4 address, or an IPv6 one in brackets; without a port. */
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/;

export const host = {
  HOST: {
    when: 'always',
    argument: 'required',
    feature: () => 'HOST',
    help: '<name>: which of the hosts at this address is meant; before USER',
    async *run({ session, argument }) {
      if (session.visit || session.user !== undefined) throw new Refusal(503, 'HOST comes before USER.');
      const name = argument.trim().toLowerCase();
      if (!HOST_NAME.test(name)) throw new Refusal(501, 'HOST takes the name of a host.');
      const { serverName, options } = session;
      // The certificate that the client has seen is that of the name in its handshake.
      const isOther = serverName !== undefined && serverName !== name;
      if (isOther || !options.gate.knowsHost(name)) throw new Refusal(504, 'That host is not here.');
      session.host = name;
      yield reply(220, 'Ready for a user of this host.');
    },
  },
} as const satisfies Record<string, Command>;
