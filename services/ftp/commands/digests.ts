import type { DigestName } from '../../../core/arrival.ts';
import { Fault } from '../../../core/fault.ts';
import { resolvePath } from '../../../core/paths.ts';
import type { Digest } from '../../../core/zone.ts';
import type { Call, Command } from '../command.ts';
import { hashes, hashNames } from '../hash-names.ts';
import { takeQuoted } from '../quoted.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';
import { runAlone, type Transfer } from '../transfer.ts';

interface Asked {
  readonly path: string;
  readonly from?: number;
  /** Not included. */
  readonly to?: number;
}

const digest = (session: Session, transfer: Transfer, name: DigestName, asked: Asked): Promise<Digest> =>
  zoneOf(session).digest(asked.path, name, {
    ...asked,
    signal: transfer.signal,
    read: (bytes) => {
      transfer.bytes += bytes;
    },
  });

/** `"po 1.x12" 0 100`, `po 1.x12` or `po.x12 0 100`, of which the second and the third look the same. */
const RANGE = /^ +(\d{1,15}) +(\d{1,15}) *$/;

function* readings({ session, argument }: Call): Generator<Asked> {
  const at = (name: string): string => resolvePath(session.folder, name);
  const bounds = (range: RegExpExecArray): Pick<Asked, 'from' | 'to'> => {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (from >= to) throw new Refusal(501, 'The range must end after its start.');
    return { from, to };
  };
  const taken = takeQuoted(argument.trimStart());
  if (taken) {
    const range = RANGE.exec(taken.rest);
    if (!range && taken.rest.trim() !== '') throw new Refusal(501, 'It takes "path" [start end].');
    yield { path: at(taken.quoted), ...(range ? bounds(range) : {}) };
    return;
  }
  yield { path: at(argument) };
  const split = argument.search(/ +\d{1,15} +\d{1,15} *$/);
  if (split > 0) yield { path: at(argument.slice(0, split)), ...bounds(RANGE.exec(argument.slice(split))!) };
}

/** The digest of the first of the files there is. */
async function firstOf(call: Call, transfer: Transfer, name: DigestName): Promise<Digest> {
  let missing: unknown;
  for (const asked of readings(call)) {
    try {
      return await digest(call.session, transfer, name, asked);
    } catch (thrown) {
      if (!(thrown instanceof Fault && thrown.code === 'not-found')) throw thrown;
      missing ??= thrown;
    }
  }
  throw missing;
}

/** The commands of servers before HASH: a reply of nothing but the digest, in upper case as they have it. */
const x = (verb: string, name: DigestName): Command => ({
  when: 'ready',
  argument: 'required',
  feature: () => verb,
  help: `"<file>" [<start> <end>]: its ${name.toUpperCase()}, or that of the bytes from start to before end`,
  run: (call) =>
    runAlone(call.session, { direction: 'digest', path: call.argument }, async (transfer) =>
      reply(250, (await firstOf(call, transfer, name)).hex.toUpperCase()),
    ),
});

/** draft-bryan-ftpext-hash §3.1; the range, of RANG, with its last byte, as it was asked for. */
async function hash({ session, path, argument, given }: Call, transfer: Transfer): Promise<Reply> {
  const { range } = given;
  const asked = range ? { path, from: range.first, to: range.last + 1 } : { path };
  try {
    const { hex, from, to } = await digest(session, transfer, hashes[session.hash], asked);
    return reply(213, `${session.hash} ${from}-${range ? to - 1 : to} ${hex} ${argument}`);
  } catch (thrown) {
    // The draft's own code.
    if (thrown instanceof Fault && thrown.code === 'is-a-folder') throw new Refusal(553, 'That is a folder.');
    throw thrown;
  }
}

export const digests = {
  HASH: {
    when: 'ready',
    argument: 'path',
    feature: ({ hash: told }) =>
      `HASH ${hashNames.map((name) => `${name}${name === told ? '*' : ''};`).join('')}`,
    help: '<file>: its digest, by the function of OPTS HASH; after RANG that of the range',
    run: (call) =>
      runAlone(call.session, { direction: 'digest', path: call.path }, (transfer) => hash(call, transfer)),
  },
  XCRC: x('XCRC', 'crc32'),
  XMD5: x('XMD5', 'md5'),
  XSHA: x('XSHA', 'sha1'),
  XSHA1: x('XSHA1', 'sha1'),
  XSHA256: x('XSHA256', 'sha256'),
  XSHA512: x('XSHA512', 'sha512'),
} as const satisfies Record<string, Command>;
