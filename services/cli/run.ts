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
  if (positionals.length < least || positionals.length > most) {
    throw new UsageError(`use: ${command.name} ${command.usage}`.trimEnd());
  }
  return { json: values.json === true, run: (context) => command.run(positionals, values, context) };
}

function parse(command: Command, args: string[]): { values: Values; positionals: string[] } {
  try {
    const options = { ...command.options, json: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (thrown) {
    throw new UsageError(`${(thrown as Error).message}\nuse: ${command.name} ${command.usage}`.trimEnd());
  }
}

/** The commands that begin with the same word, or that there is a help. */
function hint(word: string): string {
  const near = commands.filter(({ name }) => name.startsWith(word) || word.startsWith(name.split(' ')[0]!));
  return near.length > 0 ? `; there is ${near.map(({ name }) => name).join(', ')}` : '; --help lists them';
}
