import { resolvePath } from '../../../core/paths.ts';
import type { Command } from '../command.ts';
import { quotedWords } from '../quoted.ts';
import { Refusal, reply } from '../reply.ts';
import { zoneOf } from '../session.ts';
import { runAlone } from '../transfer.ts';

/** What clients that send a large file in parts, over several connections, make one file of them with. */
export const combine = {
  COMB: {
    when: 'ready',
    argument: 'required',
    feature: () => 'COMB target;source_list',
    help: '"<file>" "<part>" "<part>"...: makes the file of its parts, which are then removed',
    async *run({ session, argument }) {
      const paths = quotedWords(argument)?.map((word) => resolvePath(session.folder, word));
      const [target, ...parts] = paths ?? [];
      if (target === undefined || parts.length === 0) {
        throw new Refusal(501, 'COMB takes the file and its parts, with quotes where there are spaces.');
      }
      yield* runAlone(session, { direction: 'combination', path: target }, async (transfer) => {
        // The parts may be gone when it ends: the reply tells whether they are.
        transfer.holdReply();
        const left = await zoneOf(session).combine(
          target,
          parts,
          { protocol: 'ftp', address: session.client },
          {
            signal: transfer.signal,
            wrote: (bytes) => {
              transfer.bytes += bytes;
            },
          },
        );
        const rest = left.length === 0 ? '' : ` ${left.length} parts could not be removed.`;
        return reply(250, `The file is stored.${rest}`);
      });
    },
  },
} as const satisfies Record<string, Command>;
