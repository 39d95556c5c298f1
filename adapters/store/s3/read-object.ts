import type { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Fault } from '../../../core/fault.ts';
import type { Bucket } from './bucket.ts';
import { type Found, foundIn } from './found.ts';
import { withLateFacts } from './late-facts.ts';
import { absence, headNamed, locate } from './locate.ts';
import { isFault, s3Fault } from './s3-fault.ts';

/** Times that a read that breaks off is taken up again without a single byte in between. */
const MAX_BREAKS = 5;
const BREAK_WAIT_MS = 200;

export interface ReadRange {
  readonly from?: number;
  readonly to?: number;
  readonly arrival?: string;
}

/**
 * The object's bytes, as the port's `read`, by one request: the socket's own buffers read ahead, and a reader that waits
 * makes the store wait. Several ranges at the same time took half as much CPU again beside a gateway on the same machine,
 * where one connection had all that there was; where a distant store gives a connection less, they may be faster, which
 * nobody has measured. A read that breaks off goes on from where it broke, with the same object, wherever that has gone.
 */
export async function* readObject(
  bucket: Bucket,
  key: string,
  { from = 0, to = Number.POSITIVE_INFINITY, arrival }: ReadRange,
): AsyncGenerator<Buffer> {
  const get = async (found: Found, position: number): Promise<Readable> => {
    const place = { Bucket: bucket.name, Key: bucket.full(found.at) };
    const how = { IfMatch: found.etag, ...rangeOf(position, to) };
    return bodyOf(await bucket.ask((s3, options) => s3.getObject({ ...place, ...how }, options)));
  };

  let { found, body } = await open(bucket, key, { from, to, ...(arrival === undefined ? {} : { arrival }) });
  const end = Math.min(to, found.size);
  let position = from;
  try {
    for (let breaks = 0; position < end; ) {
      try {
        body ??= await get(found, position);
        for await (const chunk of body as AsyncIterable<Buffer>) {
          position += chunk.length;
          breaks = 0;
          yield chunk;
        }
        if (position < end) throw new Error(`the answer ended ${end - position} bytes early`);
      } catch (thrown) {
        body?.destroy();
        body = undefined;
        breaks += 1;
        if (breaks > MAX_BREAKS) throw new Fault('store-down', undefined, { cause: thrown });
        if (isFault(thrown, 'exists', 'not-found')) found = await follow(bucket, key, found);
        else if (thrown instanceof Fault) throw thrown;
        else await sleep(BREAK_WAIT_MS * Math.random());
      }
    }
  } finally {
    body?.destroy();
  }
}

interface Opened {
  found: Found;
  body: Readable | undefined;
}

/** Finds the object and begins to read it, in one request where it is at its key. */
async function open(
  bucket: Bucket,
  key: string,
  { from, to, arrival }: { from: number; to: number; arrival?: string },
): Promise<Opened> {
  if (from < to) {
    const place = { Bucket: bucket.name, Key: bucket.full(key) };
    try {
      const answer = await bucket.ask((s3, options) =>
        s3.getObject({ ...place, ...rangeOf(from, to) }, options),
      );
      const raw = foundIn(key, answer);
      const found = arrival === undefined ? raw : await withLateFacts(bucket, key, raw);
      const body = bodyOf(answer);
      if (arrival === undefined || found.arrival === arrival) return { found, body };
      body.destroy();
    } catch (thrown) {
      // Nothing of that range, or nothing at all: looked at below.
      if (!isFault(thrown, 'bad-offset', 'not-found')) throw thrown;
    }
  }
  const found = await locate(bucket, key, arrival);
  if (!found) throw arrival === undefined ? await absence(bucket, key) : new Fault('not-found');
  if (from > found.size) throw new Fault('bad-offset', `${from} is beyond the ${found.size} bytes`);
  return { found, body: undefined };
}

/** Where an object is that was replaced, moved or removed while it was read. */
async function follow(bucket: Bucket, key: string, before: Found): Promise<Found> {
  const { arrival } = before.late ? await withLateFacts(bucket, key, before) : before;
  const now = arrival === undefined ? await headNamed(bucket, key) : await locate(bucket, key, arrival);
  const isSame = now && (arrival !== undefined || now.signature === before.signature);
  if (isSame && now.size === before.size) return now;
  throw new Fault('store-down', undefined, { cause: new Error('the object was replaced while it was read') });
}

const bodyOf = ({ Body }: GetObjectCommandOutput): Readable => {
  const body = Body as Readable;
  // What breaks before the first chunk is asked for is thrown then.
  body.on('error', s3Fault);
  return body;
};

function rangeOf(from: number, to: number): { Range?: string } {
  if (from === 0 && to === Number.POSITIVE_INFINITY) return {};
  return { Range: `bytes=${from}-${to === Number.POSITIVE_INFINITY ? '' : to - 1}` };
}
