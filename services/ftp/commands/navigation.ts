import { parentPath } from '../../../core/paths.ts';
import type { Call, Command } from '../command.ts';
import { lookAt } from '../look-at.ts';
import { quoted } from '../quoted.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { zoneOf } from '../session.ts';

async function* change({ session }: Call, path: string): AsyncGenerator<Reply> {
  const entry = await lookAt(zoneOf(session), path);
  if (entry?.kind === 'file') throw new Refusal(550, 'That is not a folder.');
  session.folder = path;
  yield reply(250, `${quoted(path)} is the current folder.`);
}

async function* tell({ session }: Call): AsyncGenerator<Reply> {
  yield reply(257, `${quoted(session.folder)} is the current folder.`);
}

const CWD = {
  when: 'ready',
  // Cameras and scanners without a folder in their settings say it with nothing.
  argument: 'path?',
  help: '[folder]: makes it the current one',
  run: (call) => change(call, call.path),
} satisfies Command;

const CDUP = {
  when: 'ready',
  argument: 'none',
  help: ': goes to the folder above',
  run: (call) => change(call, parentPath(call.path)),
} satisfies Command;

const PWD = {
  when: 'ready',
  argument: 'none',
  help: ': tells the current folder',
  run: tell,
} satisfies Command;

/** The X forms of RFC 775, which old clients still send (RFC 1123 §4.1.3.1). */
export const navigation = { CWD, XCWD: CWD, CDUP, XCUP: CDUP, PWD, XPWD: PWD } as const;
