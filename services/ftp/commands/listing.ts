import { encodeText } from '../charset.ts';
import type { Call, Command } from '../command.ts';
import { deflated } from '../data/mode-z.ts';
import { send } from '../data/send.ts';
import { askedFor, flagsOf, type Listed } from '../listing/asked-for.ts';
import { allFacts, type FactName } from '../listing/facts.ts';
import { factsOf, lineOf } from '../listing/styles.ts';
import { textBlocks } from '../listing/text-blocks.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';
import { type Opened, runTransfer, takeChannel } from '../transfer.ts';

async function* sendListing(
  { session, path }: Call,
  listed: (session: Session) => Promise<AsyncIterable<Listed>>,
  line: (listed: Listed, session: Session) => string,
): AsyncGenerator<Reply> {
  const channel = takeChannel(session);
  const open = async (): Promise<Opened<AsyncIterable<Listed>>> => ({
    opening: reply(150, 'Here comes the listing.'),
    what: await listed(session),
  });
  yield* runTransfer(session, channel, { direction: 'listing', path }, open, async (transfer, entries) => {
    const lines = mapped(entries, (entry) => line(entry, session));
    const blocks = textBlocks(lines, (text) => encodeText(session, text));
    const chunks = session.mode === 'Z' ? deflated(blocks, session.deflateLevel) : blocks;
    await send(await transfer.connect(), chunks, {
      sent: (count) => {
        transfer.bytes += count;
      },
      signal: transfer.signal,
      stallMs: session.options.timeouts.stallMs,
    });
    await transfer.settled();
    return reply(226, 'The listing is sent.');
  });
}

async function* mapped(
  entries: AsyncIterable<Listed>,
  line: (listed: Listed) => string,
): AsyncGenerator<string> {
  for await (const entry of entries) yield line(entry);
}

async function* inFolder({ session, path }: Call): AsyncGenerator<Listed> {
  for await (const entry of zoneOf(session).list(path)) {
    yield { entry, path: `${path === '/' ? '' : path}/${entry.name}`, name: entry.name };
  }
}

const asked =
  ({ argument }: Call) =>
  (session: Session): Promise<AsyncIterable<Listed>> =>
    askedFor(zoneOf(session), session.folder, argument);

/** RFC 3659 §7.8: all facts there are, those that are told now with an asterisk. */
const feature = ({ facts: told }: Session): string =>
  `MLST ${allFacts.map((fact: FactName) => `${fact}${told.includes(fact) ? '*' : ''};`).join('')}`;

export const listing = {
  LIST: {
    when: 'ready',
    argument: 'optional',
    help: '[path]: lists as ls -l does, or in the style that was agreed on',
    run: (call) => sendListing(call, asked(call), lineOf),
  },
  NLST: {
    when: 'ready',
    argument: 'optional',
    help: '[path]: lists names only, with -l as LIST does',
    // `ls -l` of programs that say NLST for `ls`, Windows' ftp.exe among them, is as other servers have it.
    run: (call) =>
      sendListing(call, asked(call), flagsOf(call.argument).includes('l') ? lineOf : ({ name }) => name),
  },
  MLSD: {
    when: 'ready',
    argument: 'path?',
    help: '[folder]: lists with facts',
    run: (call) =>
      sendListing(
        call,
        async (session) => {
          // RFC 3659 §7.2.1: 501 for what is no folder.
          const { kind } = await zoneOf(session).stat(call.path);
          if (kind === 'file') throw new Refusal(501, 'MLSD is for folders, use MLST.');
          return inFolder(call);
        },
        factsOf,
      ),
  },
  MLST: {
    when: 'ready',
    argument: 'path?',
    feature,
    help: '[path]: the facts of one file or folder',
    async *run({ session, path }) {
      const entry = await zoneOf(session).stat(path);
      yield reply(250, 'Facts follow.', [factsOf({ entry, path, name: path }, session)]);
    },
  },
} as const satisfies Record<string, Command>;
