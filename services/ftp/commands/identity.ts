import type { Call, Command } from '../command.ts';
import { Refusal, type Reply, reply } from '../reply.ts';

/** Characters of what a client says of itself that are kept, and worth a log line. */
const MAX_PROGRAM_LENGTH = 128;

async function* hear({ session, argument }: Call, answer: string): AsyncGenerator<Reply> {
  session.program = argument.trim().slice(0, MAX_PROGRAM_LENGTH);
  session.log.info({ program: session.program }, 'client named');
  yield reply(200, answer);
}

/** What client and server say of themselves. The version stays our own: it is of use to attackers only. */
export const identity = {
  CLNT: {
    when: 'always',
    argument: 'required',
    feature: () => 'CLNT',
    help: '<program>: what the client is',
    run: (call) => hear(call, 'Noted.'),
  },
  CSID: {
    when: 'always',
    argument: 'required',
    feature: () => 'CSID',
    help: 'Name=<program>; Version=<version>: what the client is, and what the server is',
    // draft-peterson-streamlined-ftp-command-extensions.
    run: (call) => hear(call, 'Name=Landfall; CaseSensitive=1; DirSep=/;'),
  },
  LANG: {
    when: 'always',
    argument: 'optional',
    // RFC 2640 §4.
    feature: () => 'LANG EN*',
    help: '[language]: that of the replies, English only',
    async *run({ argument }) {
      if (!/^(?:en(?:-[a-z0-9]{1,8})*)?$/i.test(argument.trim())) throw new Refusal(504, 'English only.');
      yield reply(200, 'The replies are in English.');
    },
  },
} as const satisfies Record<string, Command>;
