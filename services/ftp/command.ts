import type { Left } from './left-behind.ts';
import type { Reply } from './reply.ts';
import type { Session } from './session.ts';

/** One verb of the protocol, as a row of the table: the login gate, syntax check, FEAT, HELP and dispatch read it. */
export interface Command {
  /** Who may: anybody, who has said USER, who is logged in. */
  readonly when: 'always' | 'named' | 'ready';
  /** `path`: required, and resolved before it runs; `path?`: the same, the current folder when left out. */
  readonly argument: 'none' | 'optional' | 'required' | 'path' | 'path?';
  /** What FEAT says of it (RFC 2389 §3), where there is it. */
  readonly feature?: (session: Session) => string | undefined;
  /** Runs while a transfer goes on: after its opening reply, or at any time, to end it. Others wait for its end. */
  readonly duringTransfer?: 'beside' | 'ends';
  /** For HELP: what follows the verb, and what it does. */
  readonly help: string;
  readonly run: (call: Call) => AsyncIterable<Reply>;
}

export interface Call {
  readonly session: Session;
  readonly argument: string;
  /** Absolute; the current folder for rows without a path. */
  readonly path: string;
  /** What earlier commands left for this one. */
  readonly given: Left;
  readonly commands: Commands;
}

export type Commands = Readonly<Record<string, Command>>;
