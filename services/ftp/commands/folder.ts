import type { Command } from '../command.ts';
import { lookAt } from '../look-at.ts';
import { quoted } from '../quoted.ts';
import { Refusal, reply } from '../reply.ts';
import { zoneOf } from '../session.ts';

const MKD = {
  when: 'ready',
  argument: 'path',
  help: '<folder>: makes it',
  async *run({ session, path }) {
    await zoneOf(session).makeFolder(path);
    yield reply(257, `${quoted(path)} is made.`);
  },
} satisfies Command;

const RMD = {
  when: 'ready',
  argument: 'path',
  help: '<folder>: removes it when it is empty',
  async *run({ session, path }) {
    await zoneOf(session).removeFolder(path);
    yield reply(250, 'The folder is removed.');
  },
} satisfies Command;

export const folder = {
  MKD,
  XMKD: MKD,
  RMD,
  XRMD: RMD,
  DELE: {
    when: 'ready',
    argument: 'path',
    help: '<file>: removes it',
    async *run({ session, path }) {
      await zoneOf(session).remove(path);
      yield reply(250, 'The file is removed.');
    },
  },
  RNFR: {
    when: 'ready',
    argument: 'path',
    help: '<path>: what is to be renamed; RNTO must follow',
    async *run({ session, path }) {
      await lookAt(zoneOf(session), path);
      session.left = { ...session.left, renameFrom: path };
      yield reply(350, 'RNTO must follow.');
    },
  },
  RNTO: {
    when: 'ready',
    argument: 'path',
    help: '<path>: the new name',
    async *run({ session, path, given }) {
      if (given.renameFrom === undefined) throw new Refusal(503, 'RNFR must come first.');
      await zoneOf(session).rename(given.renameFrom, path);
      yield reply(250, 'It is renamed.');
    },
  },
} as const satisfies Record<string, Command>;
