import type { Call, Command } from '../command.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import type { TransferType } from '../session.ts';

/** RFC 959 §3.1.1: TYPE's arguments. What has no row is no type; 504 is one that is not supported. */
const types: Readonly<Record<string, TransferType | 'not-supported'>> = {
  A: 'A',
  'A N': 'A',
  'A T': 'not-supported',
  'A C': 'not-supported',
  E: 'not-supported',
  'E N': 'not-supported',
  I: 'I',
  'L 8': 'I',
};

/** STRU and MODE: one value each is supported. */
const only = (verb: string, value: string, others: string) =>
  async function* ({ argument }: Call): AsyncGenerator<Reply> {
    const asked = argument.trim().toUpperCase();
    if (asked === value) yield reply(200, `${verb} is ${value}.`);
    else if (asked.length === 1 && others.includes(asked)) throw new Refusal(504, `${verb} ${value} only.`);
    else throw new Refusal(501, `${verb} takes ${value}.`);
  };

/** Digits that a size or an offset may have: exact in a number. */
const COUNT = /^\d{1,15}$/;

export const parameters = {
  TYPE: {
    when: 'ready',
    argument: 'required',
    help: 'A | I: text with line ends converted, or bytes as they are',
    async *run({ session, argument }) {
      const asked = argument.trim().replace(/\s+/g, ' ').toUpperCase();
      const type = Object.hasOwn(types, asked) ? types[asked] : /^L \d+$/.test(asked) && 'not-supported';
      if (!type) throw new Refusal(501, 'TYPE takes A, I or L 8.');
      if (type === 'not-supported') throw new Refusal(504, 'TYPE A, I and L 8 only.');
      session.type = type;
      yield reply(200, `TYPE is ${type}.`);
    },
  },
  STRU: {
    when: 'ready',
    argument: 'required',
    help: 'F: files without a structure',
    run: only('STRU', 'F', 'RP'),
  },
  MODE: {
    when: 'ready',
    argument: 'required',
    help: 'S: a stream, ended by closing the connection',
    run: only('MODE', 'S', 'BC'),
  },
  REST: {
    when: 'ready',
    argument: 'required',
    // RFC 3659 §5.
    feature: () => 'REST STREAM',
    help: '<bytes>: where the next RETR or STOR begins',
    async *run({ session, argument }) {
      const text = argument.trim();
      if (!COUNT.test(text)) throw new Refusal(501, 'REST takes a number of bytes.');
      session.left = { ...session.left, restart: Number(text) };
      yield reply(350, `The next RETR or STOR begins at byte ${Number(text)}.`);
    },
  },
  ALLO: {
    when: 'ready',
    argument: 'required',
    help: '<bytes>: the size of the next upload, which it must then have',
    async *run({ session, argument }) {
      // RFC 959 §4.1.3: `ALLO <bytes> [R <bytes>]`.
      const match = /^(\d{1,15})(?: R \d{1,15})?$/i.exec(argument.trim());
      if (!match) throw new Refusal(501, 'ALLO takes a number of bytes.');
      const announced = Number(match[1]);
      if (announced > 0) session.left = { ...session.left, announced };
      yield reply(200, `${announced} bytes are expected.`);
    },
  },
} as const satisfies Record<string, Command>;
