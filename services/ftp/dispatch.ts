import { resolvePath } from '../../core/paths.ts';
import { decodeLine } from './charset.ts';
import type { Command, Commands } from './command.ts';
import type { CommandLine } from './command-lines.ts';
import { replyTo } from './fault-replies.ts';
import { handOver } from './left-behind.ts';
import { Refusal, type Reply, reply } from './reply.ts';
import type { Session } from './session.ts';
import { troubleIn } from './trouble.ts';

type LoginState = 'greeted' | 'named' | 'ready';

/** RFC 959 §5.4: in which state of the login which rows are refused, and how. */
const refusals: Record<LoginState, Record<Command['when'], Reply | undefined>> = {
  greeted: {
    always: undefined,
    named: reply(503, 'Send USER first.'),
    ready: reply(530, 'Log in first.'),
  },
  named: {
    always: undefined,
    named: undefined,
    ready: reply(530, 'Log in first: PASS is missing.'),
  },
  ready: {
    always: undefined,
    named: reply(503, 'You are logged in already.'),
    ready: undefined,
  },
};

const loginState = ({ visit, user }: Session): LoginState =>
  visit ? 'ready' : user === undefined ? 'greeted' : 'named';

interface Spoken {
  readonly verb: string;
  readonly argument: string;
}

/** `RETR  a b` is the verb RETR and the argument ` a b`: names may begin with a space. */
function parseCommand(text: string): Spoken {
  const space = text.indexOf(' ');
  const verb = space === -1 ? text : text.slice(0, space);
  return { verb: verb.toUpperCase(), argument: space === -1 ? '' : text.slice(space + 1) };
}

/** Where listings look as those of Windows, programs write paths as there. */
const asPath = ({ visit }: Session, argument: string): string =>
  visit?.zone.partner.ftp.listing === 'dos' ? argument.replaceAll('\\', '/') : argument;

export const rowOf = (commands: Commands, line: CommandLine): Command | undefined =>
  line === 'too-long' ? undefined : ownRow(commands, parseCommand(line.bytes.toString('latin1')).verb);

const ownRow = (commands: Commands, verb: string): Command | undefined =>
  Object.hasOwn(commands, verb) ? commands[verb] : undefined;

/** The replies to one line, in order. Never throws. */
export async function* dispatch(
  session: Session,
  commands: Commands,
  line: CommandLine,
): AsyncGenerator<Reply> {
  try {
    yield* run(session, commands, line);
  } catch (thrown) {
    const trouble = troubleIn(thrown);
    if (trouble?.code === 'internal') session.log.error({ err: trouble }, 'command failed');
    else if (trouble) session.log.warn({ reason: trouble.reason }, 'command failed');
    yield replyTo(thrown);
  }
}

async function* run(session: Session, commands: Commands, line: CommandLine): AsyncIterable<Reply> {
  if (line === 'too-long') throw new Refusal(500, 'The line is too long.');
  const { verb, argument: said } = parseCommand(decodeLine(session, line.bytes));
  const command = ownRow(commands, verb);
  if (!command) throw new Refusal(500, 'Unknown command.');

  const refusal = refusals[loginState(session)][command.when];
  if (refusal) return yield refusal;
  const argument = command.when === 'ready' ? asPath(session, said) : said;
  if (command.argument === 'none' && argument.trim() !== '') {
    throw new Refusal(501, `${verb} takes no argument.`);
  }
  if ((command.argument === 'required' || command.argument === 'path') && argument === '') {
    throw new Refusal(501, `${verb} needs an argument.`);
  }
  const isPath = command.argument === 'path' || command.argument === 'path?';
  const path = isPath ? resolvePath(session.folder, argument) : session.folder;

  const { given, staying } = handOver(session.left, verb);
  session.left = staying;
  yield* command.run({ session, argument, path, given, commands });
}
