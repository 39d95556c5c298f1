import { Fault } from '../../../core/fault.ts';
import { showDuration } from '../../../core/units.ts';
import type { Resumable } from '../../../core/zone.ts';
import type { Call, Command } from '../command.ts';
import { askedFor } from '../listing/asked-for.ts';
import { lineOf, systemOf } from '../listing/styles.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';
import { convertsText } from '../text-type.ts';
import { siteHelp } from './site.ts';

/** Lines of a listing over the control connection, which is held in memory; LIST has no such bound. */
const MAX_STAT_LINES = 1000;

async function sizeOf({ session, path }: Call): Promise<Resumable> {
  const zone = zoneOf(session);
  try {
    return await zone.resumable(path);
  } catch (thrown) {
    if (!(thrown instanceof Fault && thrown.code === 'not-permitted')) throw thrown;
  }
  const entry = await zone.stat(path);
  if (entry.kind === 'folder') throw new Fault('is-a-folder', path);
  return { size: entry.size, isCut: false };
}

export const information = {
  SIZE: {
    when: 'ready',
    argument: 'path',
    feature: () => 'SIZE',
    help: '<file>: its bytes; of an interrupted upload, those that have arrived',
    async *run(call) {
      // RFC 3659 §4: the exact size that would be sent, or 550. As text that is known by reading the whole file only.
      // Who has said no TYPE means the file: .NET's FtpWebRequest and others look so whether there is one. FluentFTP
      // says TYPE I when it reads of ASCII.
      if (convertsText(call.session) && call.session.isTypeSaid)
        throw new Refusal(550, 'SIZE is not for ASCII: say TYPE I first.');
      const { size, isCut } = await sizeOf(call);
      if (isCut) call.session.left = { ...call.session.left, sizeOfCut: call.path };
      yield reply(213, String(size));
    },
  },
  AVBL: {
    when: 'ready',
    argument: 'path?',
    feature: () => 'AVBL',
    help: '[folder]: bytes that are left for uploads',
    async *run({ session, path }) {
      const left = await zoneOf(session).room(path);
      // draft-peterson-streamlined-ftp-command-extensions.
      if (left === undefined) throw new Refusal(550, 'There is no limit that is known here.');
      yield reply(213, String(left));
    },
  },
  STAT: {
    when: 'ready',
    argument: 'optional',
    duringTransfer: 'beside',
    help: '[path]: this session and its transfer, or a listing here',
    async *run(call) {
      yield call.argument.trim() === '' ? sessionStatus(call.session) : await pathStatus(call);
    },
  },
  FEAT: {
    when: 'always',
    argument: 'none',
    help: ': what is there beyond RFC 959',
    async *run({ session, commands }) {
      const rows = Object.values(commands).flatMap(({ feature }) => feature?.(session) ?? []);
      // RFC 2640 §3.2; RFC 3659 §6.
      yield reply(211, 'Features:', [...rows, 'TVFS', 'UTF8']);
    },
  },
  SYST: {
    when: 'always',
    argument: 'none',
    help: ': the kind of system, for the form of listings',
    async *run({ session }) {
      yield reply(215, systemOf(session));
    },
  },
  HELP: {
    when: 'always',
    argument: 'optional',
    help: '[verb]: this, or what the verb does',
    async *run({ argument, commands }) {
      const verb = argument.trim().toUpperCase();
      if (verb === 'SITE') yield siteHelp();
      else if (verb === '') yield reply(214, 'The commands:', verbLines(Object.keys(commands).sort()));
      else if (Object.hasOwn(commands, verb)) yield reply(214, `${verb} ${commands[verb]!.help}`);
      else throw new Refusal(502, 'There is no such command.');
    },
  },
  NOOP: {
    when: 'always',
    argument: 'optional',
    duringTransfer: 'beside',
    help: ': nothing, but keeps the session open',
    async *run() {
      // FluentFTP tells this reply from that of a transfer by the word.
      yield reply(200, 'NOOP: here I am.');
    },
  },
} as const satisfies Record<string, Command>;

const verbLines = (verbs: readonly string[]): string[] => {
  const lines: string[] = [];
  const width = Math.max(...verbs.map(({ length }) => length)) + 1;
  for (let from = 0; from < verbs.length; from += 8) {
    lines.push(
      verbs
        .slice(from, from + 8)
        .map((verb) => verb.padEnd(width))
        .join('')
        .trimEnd(),
    );
  }
  return lines;
};

/** RFC 959 §4.1.3: without an argument, during a transfer too. */
function sessionStatus({ client, type, mode, folder, startedAt, transfer, visit }: Session): Reply {
  return reply(211, 'Landfall FTP', [
    `Connected from ${client} for ${showDuration(performance.now() - startedAt)}`,
    `Logged in as ${visit?.zone.partner.name}, in ${folder}`,
    `TYPE ${type}, STRU F, MODE ${mode}`,
    transfer
      ? `The ${transfer.direction} of ${transfer.path} has moved ${transfer.bytes} bytes`
      : 'No transfer is running',
  ]);
}

async function pathStatus({ session, argument }: Call): Promise<Reply> {
  const lines: string[] = [];
  for await (const listed of await askedFor(zoneOf(session), session.folder, argument)) {
    if (lines.length === MAX_STAT_LINES) {
      lines.push('There is more: use LIST.');
      break;
    }
    lines.push(lineOf(listed, session));
  }
  return reply(213, 'Status:', lines);
}
