import { parseArgs } from 'node:util';
import { describeSettings } from '../../core/config.ts';
import { arrivalCommands } from './arrivals.ts';
import { type Command, type Context, UsageError, type Values } from './command.ts';
import { partnerCommands } from './partners.ts';
import { queueCommands } from './queues.ts';

const commands: readonly Command[] = [...partnerCommands, ...arrivalCommands, ...queueCommands];

export function help(): string {
  const rows = commands.map(({ name, usage, about }) =>
    `  ${name} ${usage}`.trimEnd().concat(`\n      ${about}`),
  );
  return [
    'Usage: npm run --silent landfall -- COMMAND [--json]',
    '',
    ...rows,
    '',
    '--json answers for programs: one JSON object a line.',
    '',
    'Settings, from the environment:',
    describeSettings(),
  ].join('\n');
}

export interface Invocation {
  readonly json: boolean;
  run(context: Context): Promise<number>;
}

/** What the arguments ask for. Throws `UsageError`; answers 'help' where that is asked for. */
export function readArguments(args: readonly string[]): Invocation | 'help' {
  if (args.length === 0 || args.includes('--help') || args[0] === 'help') return 'help';
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => args[index] === word));
  if (!command) throw new UsageError(`there is no command "${args.slice(0, 2).join(' ')}"${hint(args[0]!)}`);
  const rest = args.slice(command.name.split(' ').length);
  const { values, positionals } = parse(command, rest);
  const [least, most] = command.words;
  const surplus = positionals[most];
  if (surplus !== undefined)
    throw new UsageError(
      `"${surplus}" means nothing here. npm needs -- before options.\n${usageOf(command)}`,
    );
  if (positionals.length < least) throw new UsageError(usageOf(command));
  return { json: values.json === true, run: (context) => command.run(positionals, values, context) };
}

function parse(command: Command, args: string[]): { values: Values; positionals: string[] } {
  try {
    const options = { ...command.options, json: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (thrown) {
    // What Node says of a word that begins with a dash is about its own syntax.
    const [why] = (thrown as Error).message.split('. To specify a positional', 1);
    throw new UsageError(`${why}\n${usageOf(command)}`);
  }
}

const usageOf = ({ name, usage }: Command): string => `use: ${name} ${usage}`.trimEnd();

/** The commands that begin with the same word, or that there is a help. */
function hint(word: string): string {
  const near = commands.filter(({ name }) => name.startsWith(word) || word.startsWith(name.split(' ')[0]!));
  return near.length > 0 ? `; there is ${near.map(({ name }) => name).join(', ')}` : '; --help lists them';
}
