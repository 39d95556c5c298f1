import type { Buffer } from 'node:buffer';
import { toNetworkLines } from '../ascii.ts';
import type { Command } from '../command.ts';
import { deflated } from '../data/mode-z.ts';
import { pacedChunks } from '../data/pace.ts';
import { send } from '../data/send.ts';
import { Refusal, reply } from '../reply.ts';
import { rangeInText, restartInText } from '../restart.ts';
import { type Session, zoneOf } from '../session.ts';
import { convertsText, isKept } from '../text-type.ts';
import { type Opened, runTransfer, takeChannel } from '../transfer.ts';

export const download = {
  RETR: {
    when: 'ready',
    argument: 'path',
    help: '<file>: downloads it',
    async *run({ session, path, given }) {
      const { restart, range, sizeOfCut } = given;
      // Clients that know the size stop there: they would take a part of the file that is there for the whole.
      if (sizeOfCut === path)
        throw new Refusal(550, 'SIZE told of an interrupted upload: finish that first.');
      const [from, to] = range ? [range.first, range.last + 1] : [restart ?? 0, Infinity];
      const isText = convertsText(session);
      if (isText && range) throw rangeInText();
      if (isText && from > 0) throw restartInText();
      const channel = takeChannel(session);
      const facts = { direction: 'download', path } as const;
      const zone = zoneOf(session);
      const open = async (): Promise<Opened<AsyncIterable<Buffer>>> => {
        const { size, bytes } = await zone.read(path, from, to);
        // Some clients take the size from here, in the form of old Unix servers.
        return {
          opening: reply(150, `Sending ${path} (${Math.min(size, to) - from} bytes).`),
          what: bytes,
        };
      };
      yield* runTransfer(session, channel, facts, open, async (transfer, bytes) => {
        const { signal } = transfer;
        const plain = isText ? networkLines(bytes, session) : bytes;
        const { mode, deflateLevel } = session;
        const chunks = mode === 'Z' ? deflated(plain, deflateLevel) : plain;
        const paced = pacedChunks(chunks, { rate: zone.partner.limits.downloadRate, signal });
        await send(await transfer.connect(), paced, {
          sent: (count) => {
            transfer.bytes += count;
          },
          signal,
          stallMs: session.options.timeouts.stallMs,
        });
        await transfer.settled();
        return reply(226, 'The file is sent.');
      });
    },
  },
} as const satisfies Record<string, Command>;

async function* networkLines(chunks: AsyncIterable<Buffer>, session: Session): AsyncGenerator<Buffer> {
  let afterCr = false;
  let keeps: boolean | undefined;
  for await (const chunk of chunks) {
    keeps ??= isKept(session, chunk);
    if (keeps) {
      yield chunk;
      continue;
    }
    const converted = toNetworkLines(chunk, afterCr);
    afterCr = converted.afterCr;
    yield converted.bytes;
  }
}
