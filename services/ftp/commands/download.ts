import type { Buffer } from 'node:buffer';
import { toNetworkLines } from '../ascii.ts';
import type { Command } from '../command.ts';
import { deflated } from '../data/mode-z.ts';
import { send } from '../data/send.ts';
import { reply } from '../reply.ts';
import { rangeInText, restartInText } from '../restart.ts';
import { zoneOf } from '../session.ts';
import { runTransfer, takeChannel } from '../transfer.ts';

export const download = {
  RETR: {
    when: 'ready',
    argument: 'path',
    help: '<file>: downloads it',
    async *run({ session, path, given }) {
      const { restart, range } = given;
      const [from, to] = range ? [range.first, range.last + 1] : [restart ?? 0, Infinity];
      const isText = session.type === 'A';
      if (isText && range) throw rangeInText();
      if (isText && from > 0) throw restartInText();
      const channel = takeChannel(session);
      try {
        const { size, bytes } = await zoneOf(session).read(path, from, to);
        // Some clients take the size from here, in the form of old Unix servers.
        const opening = reply(150, `Sending ${path} (${Math.min(size, to) - from} bytes).`);
        const facts = { direction: 'download', path } as const;
        yield* runTransfer(session, channel, facts, opening, async (transfer) => {
          const plain = isText ? networkLines(bytes) : bytes;
          const { mode, deflateLevel } = session;
          const chunks = mode === 'Z' ? deflated(plain, deflateLevel) : plain;
          await send(await transfer.connect(), chunks, {
            sent: (count) => {
              transfer.bytes += count;
            },
            signal: transfer.signal,
            stallMs: session.options.timeouts.stallMs,
          });
          return reply(226, 'The file is sent.');
        });
      } finally {
        channel.close();
      }
    },
  },
} as const satisfies Record<string, Command>;

async function* networkLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let afterCr = false;
  for await (const chunk of chunks) {
    const converted = toNetworkLines(chunk, afterCr);
    afterCr = converted.afterCr;
    yield converted.bytes;
  }
}
