import { Buffer } from 'node:buffer';
import type { Aside } from './aside.ts';
import type { LentBlocks } from './lent-blocks.ts';
import { MIN_PART_BYTES } from './multipart.ts';
import type { PartSink } from './part-sink.ts';
import type { UploadMemory } from './upload-memory.ts';

/**
 * The bytes of an upload that are in no part yet: in a small buffer, then in a part's. A sender that fills it slowly
 * lets others have the memory when they wait for it: its bytes go up as a part, or, too few for one, are put aside
 * until there is memory for them again.
 */
export interface Filling {
  /** Bytes. */
  readonly length: number;
  /** Calls must not overlap, nor with `hold`. */
  write(chunk: Uint8Array): Promise<void>;
  /** Keeps the memory from now on, with the bytes in it. */
  hold(): Promise<void>;
  /** Once they are held: where they are too few for a part, has more of them, from one that is not on its way yet. */
  borrow(from: Pick<PartSink, 'lend'>): void;
  /** Throws when bytes were lost as they were let go: the upload cannot be whole any more. */
  requireKept(): void;
  /** The bytes, once they are held; their memory is theirs until `release`. */
  readonly bytes: Buffer;
  /** Gives up the bytes; nothing else may be called then. */
  release(): Promise<void>;
}

interface FillingPorts {
  readonly memory: UploadMemory;
  readonly aside: Aside;
  /** Whether the upload has parts already. */
  readonly hasParts: () => boolean;
  /** Where full buffers go; begins the upload's parts where there are none. */
  readonly parts: () => Promise<PartSink>;
}

export function createFilling({ memory, aside, hasParts, parts }: FillingPorts): Filling {
  let block: Buffer | undefined;
  let isSmall = false;
  let length = 0;
  /** When the buffer was taken. */
  let takenAt = 0;
  let isAside = false;
  let lettingGo: Promise<void> | undefined;
  let takeBack = (): void => undefined;
  let lost: { readonly thrown: unknown } | undefined;

  const blocks = (): LentBlocks => (isSmall ? memory.small : memory.parts);

  const sendOn = async (): Promise<void> => {
    const sink = await parts();
    const [full, bytes] = [block!, length];
    block = undefined;
    length = 0;
    await sink.send(full, bytes);
  };

  const putAside = async (): Promise<void> => {
    await aside.put(block!.subarray(0, length));
    blocks().give(block!);
    block = undefined;
    isAside = true;
  };

  const lend = (): void => {
    takeBack = blocks().spare(letGo, takenAt);
  };

  const letGo = (): Promise<void> => {
    const isPart = length >= MIN_PART_BYTES;
    lettingGo = (isPart ? sendOn() : putAside())
      .catch((thrown: unknown) => {
        if (block) lend();
        else lost = { thrown };
        throw thrown;
      })
      .finally(() => {
        lettingGo = undefined;
      });
    return lettingGo;
  };

  /** It is let go no more; resolves when it is not just being let go. */
  const keep = async (): Promise<void> => {
    takeBack();
    await lettingGo?.catch(() => undefined);
    takeBack();
  };

  const take = async (from: LentBlocks): Promise<Buffer> => {
    const taken = await from.take();
    takenAt = performance.now();
    return taken;
  };

  const bringBack = async (): Promise<void> => {
    const taken = await take(blocks());
    try {
      await aside.read(taken.subarray(0, length));
    } catch (thrown) {
      blocks().give(taken);
      throw thrown;
    }
    block = taken;
    isAside = false;
  };

  const moveToPart = async (small: Buffer): Promise<void> => {
    block = await take(memory.parts);
    isSmall = false;
    small.copy(block, 0, 0, length);
    memory.small.give(small);
  };

  const requireKept = (): void => {
    if (lost) throw lost.thrown;
  };

  /** Room for at least a byte. */
  const makeRoom = async (): Promise<Buffer> => {
    requireKept();
    if (isAside) await bringBack();
    if (block && isSmall && length === block.length) await moveToPart(block);
    if (block && length === block.length) await sendOn();
    if (block) return block;
    isSmall = !hasParts();
    block = await take(blocks());
    return block;
  };

  return {
    get length() {
      return length;
    },

    async write(chunk) {
      await keep();
      for (let at = 0; at < chunk.length; ) {
        const room = await makeRoom();
        const count = Math.min(room.length - length, chunk.length - at);
        room.set(chunk.subarray(at, at + count), length);
        length += count;
        at += count;
      }
      if (block) lend();
    },

    async hold() {
      await keep();
      if (isAside) await bringBack();
    },

    borrow(from) {
      if (block && !isSmall) length = from.lend(block, length);
    },

    requireKept,

    get bytes() {
      return block?.subarray(0, length) ?? Buffer.alloc(0);
    },

    async release() {
      await keep();
      if (block) blocks().give(block);
      block = undefined;
      length = 0;
      await aside.clear();
    },
  };
}
