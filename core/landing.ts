import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { requireNotEmpty } from './accepted-size.ts';
import type { Arrival } from './arrival.ts';
import type { DigestThreads } from './digest-threads.ts';
import { EDGE_BYTES, type Evidence, requireWhole } from './evidence.ts';
import { Fault } from './fault.ts';
import type { Feed } from './feed.ts';
import type { Partner } from './partner.ts';
import { PUBLISH_REPEAT_MS } from './pipeline.ts';
import type { Upload } from './ports/store.ts';
import { showBytes } from './units.ts';

/**
 * The one upload path of every protocol: write*, then commit, suspend or give up. Only a clean end commits.
 *
 * `commit` keeps promises 1 and 2 by its order: the bytes become durable while the announcement does; only then the
 * object becomes visible, in one atomic step; only then it resolves and the listener says "done". A crash before the
 * visible step leaves an announcement of nothing, which the workers drop after its grace; a crash after it leaves a
 * whole file that is announced, and a sender that was not told so and may send it again.
 */
export interface Landing {
  /** Bytes of the sender's file so far, those resumed from included. */
  readonly size: number;
  /** The chunk's memory is the caller's again when it resolves. Throws `too-large`, `store-full`, `store-down`. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Durable, announced and visible when it resolves. `evidence` is asked when the bytes have ended, before the
   * announcement and again just before the file becomes visible. The announcement waits for `heard`: for what the
   * listener may still hear of its sender while the bytes become durable. Throws `incomplete` (kept for a resume),
   * `empty-file`, `exists` and the store's and the queue's faults; after any of them nothing is visible, but where
   * the fault came after the visible step: then the sender, told of a failure, may send again.
   */
  commit(evidence: () => Evidence, heard?: Promise<unknown>): Promise<Arrival>;
  /** Keeps what has arrived, for a resume; nothing is kept of an upload without bytes. */
  suspend(): Promise<void>;
  /** Suspends what the sender may go on with later, aborts what it may not. Never throws: the fault is the answer. */
  giveUp(fault: Fault): Promise<void>;
}

export interface LandingRules {
  readonly partner: Partner;
  readonly feed: Feed;
  /** Bytes at most; the least of the listener's, the partner's and the feed's. */
  readonly maxSize: number;
  readonly replace: boolean;
  readonly digestThreads: Pick<DigestThreads, 'begin'>;
  /** Bytes at the upload's end that the sender sends once more: they are stored already. */
  readonly again: number;
  /** What becomes of a whole upload besides being stored; nothing for empty files that are not announced. */
  readonly announce: (arrival: Arrival) => Promise<void>;
}

/** What a suspended upload keeps for the one who goes on with it: its first and its last bytes. */
const noteSchema = z.object({ size: z.number(), head: z.base64().optional(), tail: z.base64() });

export function createLanding(
  upload: Upload,
  identity: Omit<Arrival, 'size' | 'digests' | 'receivedAt'>,
  rules: LandingRules,
): Landing {
  const { feed, maxSize } = rules;
  let { again } = rules;
  const resumed = upload.size > 0;
  const digester = rules.digestThreads.begin(resumed ? [] : rules.partner.digests);
  let { head, tail } = resumed ? edgesOf(upload) : { head: Buffer.alloc(0), tail: Buffer.alloc(0) };

  const keepEdges = (chunk: Uint8Array): void => {
    if (head && head.length < EDGE_BYTES)
      head = Buffer.concat([head, chunk.subarray(0, EDGE_BYTES - head.length)]);
    // A large chunk is the tail by itself; small ones, a byte at a time even, are joined.
    const last = chunk.subarray(-EDGE_BYTES);
    tail = last.length === EDGE_BYTES ? Buffer.from(last) : Buffer.concat([tail, last]).subarray(-EDGE_BYTES);
  };

  const abort = (): Promise<void> => {
    digester.drop();
    return upload.abort();
  };

  const suspend = async (): Promise<void> => {
    if (upload.size === 0) return abort();
    digester.drop();
    const edges = { head: head?.toString('base64'), tail: tail.toString('base64') };
    await upload.suspend(JSON.stringify({ size: upload.size, ...edges }));
  };

  const giveUp = async (fault: Fault): Promise<void> => {
    // A second fault, that of the clearing up, helps nobody; what stays behind is swept.
    await (fault.retry ? suspend() : abort()).catch(() => undefined);
  };

  const arrived = async (): Promise<Arrival> => ({
    ...identity,
    size: upload.size,
    digests: await digester.finish(),
    receivedAt: new Date().toISOString(),
  });

  const publish = async (evidence: () => Evidence, heard: Promise<unknown>): Promise<Arrival> => {
    if (again > 0) throw new Fault('incomplete', 'nothing came after the byte that it was to go on from');
    requireNotEmpty(feed, upload.size);
    const content = { size: upload.size, head, tail };
    requireWhole(feed, content, evidence());

    const arrival = await arrived();
    let announcedAt = 0;
    const announce = async (): Promise<void> => {
      await heard;
      requireWhole(feed, content, evidence());
      announcedAt = Date.now();
      await rules.announce(arrival);
    };
    await bothOver([upload.seal(), announce()]);
    requireWhole(feed, content, evidence());
    await upload.publish({ replace: rules.replace, digests: arrival.digests });
    // A publish so slow that a worker may have given up on the announcement: say it again, it is known by its id.
    if (Date.now() - announcedAt > PUBLISH_REPEAT_MS) await rules.announce(arrival);
    return arrival;
  };

  return {
    get size() {
      return upload.size - again;
    },

    async write(sent) {
      const chunk = sent.subarray(again);
      again -= sent.length - chunk.length;
      if (upload.size + chunk.length > maxSize) {
        throw new Fault('too-large', `at most ${showBytes(maxSize)} are taken here`);
      }
      const store = async (): Promise<void> => {
        await upload.write(chunk);
        // Not before: what failed is no part of what a suspended upload keeps.
        keepEdges(chunk);
      };
      const digest = async (): Promise<void> => digester.update(chunk);
      // The store writes while the digests are computed.
      await bothOver([store(), digest()]);
    },

    async commit(evidence, heard = Promise.resolve()) {
      try {
        return await publish(evidence, heard);
      } catch (thrown) {
        const fault = Fault.from(thrown);
        await giveUp(fault);
        throw fault;
      }
    },

    suspend,
    giveUp,
  };
}

/**
 * Waits for both, even when one fails: an upload's calls must not overlap, and the memory of its bytes is somebody
 * else's afterwards.
 */
async function bothOver(steps: readonly [Promise<void>, Promise<void>]): Promise<void> {
  const ends = await Promise.allSettled(steps);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

type Edges = { head: Buffer<ArrayBuffer> | undefined; tail: Buffer<ArrayBuffer> };

/** From the note of the upload that this one goes on with; its last bytes only if this one goes on from its end. */
function edgesOf({ note, size }: Upload): Edges {
  const known = note === undefined ? undefined : noteSchema.safeParse(JSON.parse(note)).data;
  const head = known?.head === undefined ? undefined : Buffer.from(known.head, 'base64');
  return {
    head: head?.subarray(0, size),
    tail: known?.size === size ? Buffer.from(known.tail, 'base64') : Buffer.alloc(0),
  };
}
