import type { Call, Command } from '../command.ts';
import { Refusal, reply } from '../reply.ts';
import { rangeInText } from '../restart.ts';
import type { TransferMode, TransferType } from '../session.ts';
import { convertsText } from '../text-type.ts';

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
  L8: 'I',
};

const structures: Readonly<Record<string, 'F' | 'not-supported'>> = {
  F: 'F',
  R: 'not-supported',
  P: 'not-supported',
};

const modes: Readonly<Record<string, TransferMode | 'not-supported'>> = {
  S: 'S',
  Z: 'Z',
  B: 'not-supported',
  C: 'not-supported',
};

/**
 * By CLNT, a program that sends a file again in MODE Z without its end, closes the deflate stream in order, and takes the
 * 226 for the whole file: lftp 4.9.2, for which a 425 before it is enough. It asks for MODE Z wherever FEAT names it, and
 * goes on without when that is refused.
 */
const LOSES_IN_MODE_Z = /^lftp\b/i;

/** STRU and MODE: the value of the row that the argument names. */
function chosen<Value extends string>(
  { argument }: Call,
  verb: string,
  values: Readonly<Record<string, Value | 'not-supported'>>,
): Value {
  const asked = argument.trim().toUpperCase();
  const value = Object.hasOwn(values, asked) ? values[asked] : undefined;
  const takes = Object.keys(values).filter((one) => values[one] !== 'not-supported');
  if (value === undefined) throw new Refusal(501, `${verb} takes ${takes.join(' or ')}.`);
  if (value === 'not-supported') throw new Refusal(504, `${verb} ${takes.join(' and ')} only.`);
  return value as Value;
}

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
      session.isTypeSaid = true;
      yield reply(200, `TYPE is ${type}.`);
    },
  },
  STRU: {
    when: 'ready',
    argument: 'required',
    help: 'F: files without a structure',
    async *run(call) {
      yield reply(200, `STRU is ${chosen(call, 'STRU', structures)}.`);
    },
  },
  MODE: {
    when: 'ready',
    argument: 'required',
    feature: () => 'MODE Z',
    help: 'S | Z: a stream as it is or compressed, ended by closing the connection',
    async *run(call) {
      const { session } = call;
      const mode = chosen(call, 'MODE', modes);
      if (mode === 'Z' && LOSES_IN_MODE_Z.test(session.program ?? '')) {
        throw new Refusal(504, 'MODE S only: your program can lose the end of a file in MODE Z.');
      }
      session.mode = mode;
      yield reply(200, `MODE is ${mode}.`);
    },
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
  RANG: {
    when: 'ready',
    argument: 'required',
    // draft-bryan-ftp-range §3.
    feature: () => 'RANG STREAM',
    help: '<first> <last>: the bytes that the next RETR or HASH is about; RANG 1 0 for all',
    async *run({ session, argument }) {
      const match = /^(\d{1,15}) +(\d{1,15})$/.exec(argument.trim());
      const [first, last] = [Number(match?.[1]), Number(match?.[2])];
      if (first === 1 && last === 0) {
        yield reply(350, 'The next one is about the whole file.');
        return;
      }
      if (!match || first > last) throw new Refusal(501, 'RANG takes the first and the last byte.');
      if (convertsText(session)) throw rangeInText();
      session.left = { ...session.left, range: { first, last } };
      yield reply(350, `The next RETR or HASH is about bytes ${first} to ${last}.`);
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
