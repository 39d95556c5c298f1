import type { ParseArgsOptionsConfig } from 'node:util';
import type { Config } from '../../core/config.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { Partner } from '../../core/partner.ts';
import type { Queue } from '../../core/ports/queue.ts';
import type { Store } from '../../core/ports/store.ts';

/** The ports that commands work on. */
export interface CliPorts {
  readonly store: Store;
  readonly queue: Queue;
  readonly ledger: Ledger;
}

/** The folder of partners' files. */
export interface PartnerFiles {
  check(): Promise<{ partners: readonly Partner[]; faults: readonly (PlacedFault & { text: string })[] }>;
  /** Writes a new partner's file; answers its name. Throws `exists`. */
  add(partner: { name: string; user: string; hash: string; delivered: string }): Promise<string>;
}

interface PlacedFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly field: string;
  readonly message: string;
}

export interface Terminal {
  /** Whether answers are JSON, for programs. */
  readonly json: boolean;
  /** Writes a line. What came from outside is made fit for a terminal by `table` and `safeText`. */
  say(line: string): void;
  /** Reads one line, without showing it where a person types it. */
  readSecret(prompt: string): Promise<string>;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Context {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly partnerFiles: PartnerFiles;
  /** Opened at the first call, closed when the command is over. */
  ports(): Promise<CliPorts>;
}

/** A row of the table of commands. */
export interface Command {
  /** `partners add`: one or two words. */
  readonly name: string;
  /** What follows the name, for the help. */
  readonly usage: string;
  readonly about: string;
  readonly options: ParseArgsOptionsConfig;
  /** Words that follow: how many at least and at most. */
  readonly words: readonly [number, number];
  /** Answers the exit code. Throws `UsageError` for what cannot be meant, `Fault` for what went wrong. */
  run(words: readonly string[], values: Values, context: Context): Promise<number>;
}

/** The command was not understood: exit code 2. */
export class UsageError extends Error {}

/** The text of an option that takes one. */
export const textOf = (values: Values, name: string): string | undefined =>
  typeof values[name] === 'string' ? values[name] : undefined;
