import { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { ObjectInfo, PublishOptions, Upload } from '../../../core/ports/store.ts';
import { createAside } from './aside.ts';
import { createFilling } from './filling.ts';
import { infoOf } from './found.ts';
import { writeLateFacts } from './late-facts.ts';
import { claimKey } from './layout.ts';
import type { Lease } from './lease.ts';
import { headNamed, wholeSeconds } from './locate.ts';
import { beginMultipart, bytesIn, MIN_PART_BYTES, type Multipart } from './multipart.ts';
import type { Names } from './names.ts';
import type { PieceRules } from './part-plan.ts';
import { createPartSink, type PartSink } from './part-sink.ts';
import { putWhole } from './put-whole.ts';
import type { Remote } from './remote.ts';
import { s3Fault } from './s3-fault.ts';
import { type Claim, claimBegun, writeSuspended } from './suspended.ts';
import type { UploadMemory } from './upload-memory.ts';
import { whileHeld } from './while-held.ts';

/** Bytes of a note in UTF-8. */
const MAX_NOTE_BYTES = 4096;

interface Publishing {
  readonly replace: boolean;
  readonly modified: Date | undefined;
  readonly digests: PublishOptions['digests'] | undefined;
}

export interface UploadPorts {
  readonly remote: Remote;
  readonly names: Names;
  readonly memory: UploadMemory;
  readonly pieces: PieceRules;
}

export interface OpenUpload {
  readonly key: string;
  readonly arrival: string;
  /** Parts that it goes on with, and the arrival in their metadata. */
  readonly parts?: {
    readonly main: Multipart;
    readonly arrival: string;
    /** None is left in the store of those that were cut off. */
    readonly grows: boolean;
  };
  readonly claim?: Claim;
  /** Keeps sweeps away from its parts where it has no claim: see `claimParts`. */
  readonly guard?: Lease | undefined;
  readonly note?: string | undefined;
  /** Its first bytes, or those after its parts. */
  readonly start?: AsyncIterable<Uint8Array>;
}

/**
 * One upload. What fits into one part stays in memory until it is published by one request: sealed, it is durable
 * only with its publication, before which no sender is told that it is done. All else goes up as parts.
 */
export async function openUpload(
  { remote, names, memory, pieces }: UploadPorts,
  open: OpenUpload,
): Promise<Upload> {
  const { key, arrival, note } = open;
  let { claim, guard } = open;
  const bucket = whileHeld(remote.bucket, () => claim?.confirm());
  const sinkOf = (main: Multipart): PartSink => createPartSink(bucket, memory, main, pieces);
  const firstArrival = open.parts?.arrival ?? arrival;

  let sink = open.parts && sinkOf(open.parts.main);
  let claiming: Promise<unknown> | undefined;
  let size = open.parts ? bytesIn(open.parts.main) : 0;
  let sealed = false;
  let over = false;

  /** It is over, and its memory free. */
  const release = async (): Promise<void> => {
    over = true;
    await filling.release();
    sink?.giveUp();
  };

  const endClaim: Claim['end'] = async (how) => {
    await claiming;
    try {
      await claim?.end(how);
    } finally {
      // One that cannot be given back runs out.
      await guard?.release().catch(s3Fault);
    }
  };

  /** Where somebody else goes on with an upload of the key this one cannot be resumed; but it is not forsaken. */
  const claimParts = async ({ id, mark }: Multipart): Promise<void> => {
    claim = await claimBegun(remote, { key, multipart: { id, mark, arrival: firstArrival } });
    if (!claim) guard ??= await remote.locks.take(claimKey(id));
  };

  const toParts = async (): Promise<PartSink> => {
    sink ??= sinkOf(await beginMultipart(bucket, key, { arrival, late: true }));
    if (claim) return sink;
    // What goes wrong with it, the upload's own requests will meet, too; if they do not, the next part asks again.
    claiming ??= claimParts(sink.main).catch(() => {
      claiming = undefined;
    });
    return sink;
  };

  const filling = createFilling({
    memory,
    aside: createAside({ bucket, locks: remote.locks }, key, arrival),
    hasParts: () => sink !== undefined,
    parts: toParts,
  });

  const write = async (chunk: Uint8Array): Promise<void> => {
    if (sealed) throw new Fault('internal', 'the upload is sealed');
    await filling.write(chunk);
    size += chunk.length;
  };

  const seal = async (): Promise<void> => {
    await filling.hold();
    filling.requireKept();
    // It may still be cut before it is published.
    if (sink) filling.borrow(sink);
    if (sink && filling.length > 0) await sink.sendLast(filling.bytes);
    else await sink?.settle();
    sealed = true;
  };

  const publishSmall = async ({ replace, modified = wholeSeconds(new Date()), digests }: Publishing) => {
    await names.place(key, { replace, conditional: true }, (ifAbsent) =>
      putWhole(bucket, key, filling.bytes, { arrival, modified, digests }, ifAbsent),
    );
    return infoOf(key, { size, modified, arrival, digests });
  };

  const publishParts = async (
    { main }: PartSink,
    { replace, modified, digests }: Publishing,
  ): Promise<ObjectInfo> => {
    if (bytesIn(main) !== size)
      throw new Fault('internal', `${bytesIn(main)} bytes in parts are not ${size}`);
    if (firstArrival !== arrival || modified || digests) {
      await writeLateFacts(bucket, firstArrival, { key, arrival, modified, digests });
    }
    await names.place(key, { replace, conditional: remote.can.conditionalComplete }, (ifAbsent) =>
      main.complete(ifAbsent),
    );
    const found = await headNamed(bucket, key);
    // Somebody else may have replaced it already.
    if (found?.arrival !== arrival)
      return infoOf(key, { size, modified: modified ?? wholeSeconds(new Date()), arrival, digests });
    if (found.size !== size) {
      const cause = new Error(`the store made an object of ${found.size} bytes from ${size}`);
      throw new Fault('store-down', undefined, { cause });
    }
    return infoOf(key, found);
  };

  const publish: Upload['publish'] = async ({ replace = false, modified, digests = {} } = {}) => {
    if (!sealed) await seal();
    const how = { replace, modified, digests: Object.keys(digests).length > 0 ? digests : undefined };
    const info = await (sink ? publishParts(sink, how) : publishSmall(how));
    await release();
    // Published is published: a claim that is left runs out, and a record that is left is older than the object.
    await endClaim({ forget: true }).catch(s3Fault);
    return info;
  };

  /** Leaves in the parts what others can follow; answers the bytes that are in none. */
  const cutToParts = async (): Promise<Buffer> => {
    if (!sealed && filling.length >= (sink ? 1 : MIN_PART_BYTES)) {
      const parts = await toParts();
      filling.borrow(parts);
      if (filling.length >= MIN_PART_BYTES) {
        await parts.sendLast(filling.bytes);
        return Buffer.alloc(0);
      }
    }
    await sink?.settle();
    if (!sink || !sealed) return filling.bytes;
    const { main } = sink;
    if ((main.parts.at(-1)?.size ?? MIN_PART_BYTES) >= MIN_PART_BYTES) return Buffer.alloc(0);
    main.keep(main.parts.length - 1);
    return filling.bytes;
  };

  const keep = async (text: string | undefined): Promise<void> => {
    await filling.hold();
    const tail = await cutToParts();
    const parts = sink && {
      id: sink.main.id,
      mark: sink.main.mark,
      arrival: firstArrival,
      parts: sink.main.parts.length,
      size: bytesIn(sink.main),
      ...(open.parts && !open.parts.grows ? {} : { grows: true }),
    };
    const record = {
      key,
      size: (parts?.size ?? 0) + tail.length,
      since: new Date(),
      ...(text === undefined ? {} : { note: text }),
      ...(parts ? { multipart: parts } : {}),
    };
    await claiming;
    await writeSuspended({ ...remote, bucket }, record, { tail, isClaimant: claim !== undefined });
  };

  const suspend = async (text?: string): Promise<void> => {
    if (text !== undefined && Buffer.byteLength(text) > MAX_NOTE_BYTES) {
      throw new Fault('bad-argument', `a note has at most ${MAX_NOTE_BYTES} bytes`);
    }
    try {
      await keep(text);
    } finally {
      // Where it fails, what was suspended before can still be resumed.
      await release();
      await endClaim({ forget: false });
    }
  };

  const abort = async (): Promise<void> => {
    try {
      // First, so that nothing is let go into parts that are aborted.
      await release();
      await sink?.abort();
    } finally {
      await endClaim({ forget: true });
    }
  };

  const step =
    <Arguments extends unknown[], T>(act: (...args: Arguments) => Promise<T>) =>
    async (...args: Arguments): Promise<T> => {
      if (over) throw new Fault('internal', 'the upload is over');
      return act(...args);
    };

  try {
    for await (const chunk of open.start ?? []) await write(chunk);
  } catch (thrown) {
    await release();
    throw thrown;
  }

  return {
    get size() {
      return size;
    },
    ...(note === undefined ? {} : { note }),
    write: step(write),
    seal: step(seal),
    publish: step(publish),
    suspend: step(suspend),
    abort: step(abort),
  };
}
