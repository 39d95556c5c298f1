import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Evidence } from '../../../core/evidence.ts';
import { Fault, type FaultCode } from '../../../core/fault.ts';
import type { Landing } from '../../../core/landing.ts';
import { baseName, parentPath, resolvePath } from '../../../core/paths.ts';
import type { UploadMode } from '../../../core/zone.ts';
import { heldLine, toStoredLines } from '../ascii.ts';
import type { Call, Command } from '../command.ts';
import { createInflater } from '../data/mode-z.ts';
import { bytesOfStep, pacedWrite } from '../data/pace.ts';
import { receive } from '../data/receive.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { restartInText } from '../restart.ts';
import { type Session, zoneOf } from '../session.ts';
import { convertsText, isKept } from '../text-type.ts';
import { type Opened, runTransfer, type Transfer, takeChannel } from '../transfer.ts';

/**
 * Milliseconds in which the end of the control connection comes. The kernel of a client that is killed ends its
 * connections one right after the other, often the data connection first, and then a fragment looks whole. They pass
 * while the bytes become durable. What was announced and has been sent, neither more nor less, is better evidence, and
 * needs no waiting; an announced size of the whole file may be met by a fragment of what was to be added to it.
 */
const CONTROL_END_MS = 1;

/** After these the sender comes back at once, and finds what was kept. */
const CONNECTION_FAULTS: ReadonlySet<FaultCode> = new Set(['cancelled', 'timed-out']);

/** Resolves when an end that came in that time has been heard: sockets are read after timers, immediates after both. */
async function controlEndHeard(): Promise<void> {
  await sleep(CONTROL_END_MS);
  await setImmediate();
}

async function* upload(call: Call, path: string, how: UploadMode, opening: Reply): AsyncIterable<Reply> {
  const { session, given } = call;
  if (convertsText(session) && how !== 'append' && how.at > 0) throw restartInText();
  if (given.range) throw new Refusal(504, 'RANG is for RETR and HASH only.');
  const channel = takeChannel(session);
  const open = async (): Promise<Opened<Landing>> => ({
    opening,
    what: await zoneOf(session).upload(path, how, { protocol: 'ftp', address: session.client }),
  });
  yield* runTransfer(session, channel, { direction: 'upload', path }, open, async (transfer, landing) => {
    try {
      await receiveInto(landing, session, transfer);
      transfer.signal.throwIfAborted();
    } catch (thrown) {
      const fault = Fault.from(thrown);
      // Told while what came is still being kept: a sender that leaves over it is not why the upload failed.
      if (!(thrown instanceof Refusal || CONNECTION_FAULTS.has(fault.code))) transfer.abort(fault);
      await landing.giveUp(fault);
      throw thrown;
    }
    transfer.holdReply();
    const heard = given.announced === transfer.bytes ? undefined : controlEndHeard();
    await landing.commit(() => evidence(session, transfer, landing, given.announced), heard);
    return reply(226, 'The file is stored.');
  });
}

async function receiveInto(landing: Landing, session: Session, transfer: Transfer): Promise<void> {
  const { pool, timeouts } = session.options;
  const { signal } = transfer;
  const rate = zoneOf(session).partner.limits.uploadRate;
  let held = false;
  let keeps: boolean | undefined;
  const writeText = async (bytes: Buffer): Promise<void> => {
    keeps ??= isKept(session, bytes);
    if (keeps) return landing.write(bytes);
    const lines = toStoredLines(bytes, held);
    for (const part of lines.parts) await landing.write(part);
    held = lines.held;
  };
  const write = convertsText(session) ? writeText : (bytes: Buffer) => landing.write(bytes);
  const inflater = session.mode === 'Z' ? createInflater(write) : undefined;
  try {
    await receive(await transfer.connect(), {
      pool: rate !== undefined && bytesOfStep(rate) < pool.blockBytes ? undefined : pool,
      write: pacedWrite(inflater?.write ?? write, { rate, signal }),
      took: (bytes) => {
        transfer.bytes += bytes;
      },
      signal,
      stallMs: timeouts.stallMs,
    });
    await transfer.settled();
    await inflater?.end();
  } finally {
    await inflater?.close();
  }
  for (const part of heldLine(held)) await landing.write(part);
}

function evidence(
  session: Session,
  transfer: Transfer,
  landing: Landing,
  announced: number | undefined,
): Evidence {
  const controlAlive = session.controlAlive() && !transfer.signal.aborted;
  const closedInTls = transfer.closedInTls() ?? false;
  if (announced === undefined) return { controlAlive, closedInTls };
  return {
    controlAlive,
    closedInTls,
    announcedSize: isMet(announced, transfer, landing) ? landing.size : announced,
  };
}

/** Clients announce the file, or what they are about to send of it: after REST, or as text, that is not the same. */
const isMet = (announced: number | undefined, transfer: Transfer, landing: Landing): boolean =>
  announced === transfer.bytes || announced === landing.size;

/** `po.x12` as `po-9f86d081884c7d65.x12`, so that a feed's pattern still fits; no other name is like it. */
function uniquePath(folder: string, argument: string): string {
  const path = resolvePath(folder, argument);
  const unique = randomBytes(8).toString('hex');
  if (argument === '') return resolvePath(folder, unique);
  const [, stem, extension] = /^(.+?)((?:\.[^.]*)?)$/.exec(baseName(path)) ?? [undefined, 'file', ''];
  return resolvePath(parentPath(path), `${stem}-${unique}${extension}`);
}

export const uploads = {
  STOR: {
    when: 'ready',
    argument: 'path',
    help: '<file>: uploads it; after REST goes on with what is stored',
    run: (call) =>
      upload(call, call.path, { at: call.given.restart ?? 0 }, reply(150, 'Ready for the file.')),
  },
  APPE: {
    when: 'ready',
    argument: 'path',
    help: '<file>: goes on with an interrupted upload, or adds to the file',
    run: (call) => upload(call, call.path, 'append', reply(150, 'Ready for the rest of the file.')),
  },
  STOU: {
    when: 'ready',
    argument: 'optional',
    help: '[name]: uploads under a name that is not taken',
    async *run(call) {
      const path = uniquePath(call.path, call.argument);
      // RFC 1123 §4.1.2.9: the form of the reply.
      yield* upload(call, path, { at: 0 }, reply(150, `FILE: ${path}`));
    },
  },
  ABOR: {
    when: 'always',
    argument: 'none',
    duringTransfer: 'ends',
    help: ': ends the transfer that is running',
    async *run({ session }) {
      const { transfer, channel } = session;
      if (transfer) {
        // RFC 959 §4.1.3: 426 for the transfer, then 226 for this.
        transfer.abort(new Fault('cancelled', 'ABOR'));
        await transfer.finished;
        yield reply(226, 'The transfer is over.');
        return;
      }
      session.channel = undefined;
      channel?.close();
      yield reply(226, 'There is no transfer.');
    },
  },
} as const satisfies Record<string, Command>;
