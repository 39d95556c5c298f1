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

const NAME_AND_RANGE = /^(.*\S) +(\d{1,15}) +(\d{1,15}) *$/s;

/** The name between quotes, if that is all there is. */
const unquoted = (text: string): string | undefined => {
  const taken = takeQuoted(text.trim());
  return taken?.rest === '' ? taken.quoted : undefined;
};

/**
 * What `"po 1.x12" 0 100` asks for. Without quotes numbers at the end may be a part of the name: that is looked for
 * first.
 */
function* meanings({ session, argument }: Call): Generator<Asked> {
  const [, name, first, end] = NAME_AND_RANGE.exec(argument) ?? [];
  const part = (of: string): Asked => {
    const [from, to] = [Number(first), Number(end)];
    if (from >= to) throw new Refusal(501, 'The range must end after its start.');
    return { path: resolvePath(session.folder, of), from, to };
  };
  const whole = unquoted(argument);
  const inQuotes = name === undefined ? undefined : unquoted(name);
  if (inQuotes !== undefined) return yield part(inQuotes);
  if (whole === undefined && takeQuoted(argument.trim())) {
    throw new Refusal(501, 'It takes "path" [start end].');
  }
  yield { path: resolvePath(session.folder, whole ?? argument) };
  if (whole === undefined && name !== undefined) yield part(name);
}

/** The digest of the first of the files there is. */
async function firstOf(call: Call, transfer: Transfer, name: DigestName): Promise<Digest> {
  let missing: unknown;
  for (const asked of meanings(call)) {
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
