import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { newArrivalId } from '../../../core/arrival.ts';
import { Fault, type FaultCode } from '../../../core/fault.ts';
import type { Entry, PublishOptions, Store } from '../../../core/ports/store.ts';

/** Bytes that differ at every position of a block and from seed to seed, so that no misplaced block passes. */
export function bytesOf(size: number, seed = 'landfall'): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, block = 0; at < size; at += 32, block += 1) {
    createHash('sha256').update(`${seed}/${block}`).digest().copy(bytes, at);
  }
  return bytes;
}

/** Publishes the bytes at the key; answers the arrival. */
export async function publish(
  { uploads }: Store,
  key: string,
  bytes: Uint8Array | string,
  options: PublishOptions & { arrival?: string } = {},
): Promise<string> {
  const { arrival = newArrivalId(), ...how } = options;
  const upload = await uploads.begin(key, arrival);
  await upload.write(Buffer.from(bytes as string));
  await upload.seal();
  try {
    await upload.publish(how);
  } catch (thrown) {
    await upload.abort();
    throw thrown;
  }
  return arrival;
}

/** A suspended upload of the bytes; answers the arrival. */
export async function suspend({ uploads }: Store, key: string, bytes: Uint8Array | string, note?: string) {
  const upload = await uploads.begin(key, newArrivalId());
  await upload.write(Buffer.from(bytes as string));
  await upload.suspend(note);
}

export async function contents(
  { objects }: Store,
  key: string,
  range?: { from?: number; to?: number; arrival?: string },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of objects.read(key, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export const text = async (store: Store, key: string, arrival?: string): Promise<string> =>
  (await contents(store, key, arrival === undefined ? {} : { arrival })).toString();

export async function entries({ folders }: Store, key: string): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of folders.list(key)) found.push(entry);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const names = async (store: Store, key: string): Promise<string[]> =>
  (await entries(store, key)).map(({ name }) => name);

export async function expectFault(doing: Promise<unknown>, code: FaultCode): Promise<void> {
  const thrown = await doing.then(
    () => 'nothing',
    (reason: unknown) => reason,
  );
  expect(thrown instanceof Fault ? thrown.code : thrown).toBe(code);
}

/** What became of racers: who won, and with what fault each of the others lost. */
export async function race(racers: readonly (() => Promise<unknown>)[]) {
  const ends = await Promise.allSettled(racers.map((run) => run()));
  return {
    winners: ends.flatMap((end, index) => (end.status === 'fulfilled' ? [index] : [])),
    faults: ends.flatMap((end) =>
      end.status === 'rejected' ? [end.reason instanceof Fault ? end.reason.code : end.reason] : [],
    ),
  };
}

/** Different every time: a key for one test. */
export function newKey(): string {
  keys += 1;
  return `files/acme/in/${keys}.x12`;
}
let keys = 0;
