import type { Command } from '../command.ts';
import { Refusal, type Reply, reply } from '../reply.ts';

/** Commands of this server's own (RFC 959 §4.1.3, SITE). */
const rows: Record<string, { help: string; run: () => Reply }> = {
  HELP: {
    help: 'HELP: this',
    run: () =>
      reply(
        214,
        'The SITE commands:',
        Object.values(rows).map(({ help }) => help),
      ),
  },
};

export const site = {
  SITE: {
    when: 'ready',
    argument: 'required',
    help: '<command>: a command of this server alone; SITE HELP lists them',
    async *run({ argument }) {
      const name = argument.trim().split(/\s+/, 1)[0]!.toUpperCase();
      if (!Object.hasOwn(rows, name)) throw new Refusal(504, 'There is no such SITE command.');
      yield rows[name]!.run();
    },
  },
} as const satisfies Record<string, Command>;
