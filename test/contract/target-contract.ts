import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Arrival } from '../../core/arrival.ts';
import type { Target } from '../../core/ports/target.ts';
import { anArrival } from '../support/an-arrival.ts';

export type Existing = 'keep-both' | 'replace' | 'refuse';

/** A place that takes files, and a look at what is in it. */
export interface Place {
  /** Makes the arrival's bytes readable to the target. */
  put(arrival: Arrival, bytes: Buffer): Promise<void>;
  target(existing: Existing): Target;
  /** What a consumer of the place sees: bytes by name. */
  delivered(): Promise<Record<string, Buffer>>;
  remove(): Promise<void>;
}

export const never = new AbortController().signal;

export function deliver(target: Target, arrival: Arrival, bytes: Buffer, signal = never) {
  const deliveryId = `${arrival.id}-${arrival.run}-target`;
  return target.deliver({ arrival, deliveryId, bytes: () => chunksOf(bytes) }, signal);
}

/** In chunks whose memory is used again, as a store's are. */
async function* chunksOf(bytes: Buffer) {
  const memory = Buffer.alloc(1000);
  for (let at = 0; at < bytes.length; at += 1000) {
    yield memory.subarray(0, bytes.copy(memory, 0, at, at + 1000));
    memory.fill(0);
  }
}

const refused = expect.objectContaining({ code: 'target-refused' });

/** What holds for every target that keeps files by name. */
export function targetContract(name: string, open: () => Promise<Place>): void {
  describe(`target ${name}`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await open();
    });
    afterEach(() => place.remove());

    const send = async (
      file: string,
      text: string | Buffer,
      existing: Existing,
      known: Partial<Arrival> = {},
    ) => {
      const arrival = anArrival({ path: `/in/${file}`, key: `files/acme/in/${file}`, ...known });
      const bytes = Buffer.from(text);
      await place.put(arrival, bytes);
      const receipt = await deliver(place.target(existing), arrival, bytes);
      return { arrival, bytes, receipt };
    };
    const texts = async () =>
      Object.fromEntries(
        Object.entries(await place.delivered()).map(([file, bytes]) => [file, bytes.toString()]),
      );

    test.each([0, 1, 1000, 12_345])('%d bytes arrive as they are', async (size) => {
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
      const { receipt } = await send('po.x12', bytes, 'refuse');
      expect(await place.delivered()).toEqual({ 'po.x12': bytes });
      expect(receipt.place).toMatch(/po\.x12$/);
    });

    test.each<Existing>(['keep-both', 'replace', 'refuse'])('%s: twice is once', async (existing) => {
      const { arrival, bytes, receipt } = await send('po.x12', 'hello', existing);
      expect(await deliver(place.target(existing), arrival, bytes)).toEqual(receipt);
      expect(await texts()).toEqual({ 'po.x12': 'hello' });
    });

    test('both at once is once', async () => {
      const { arrival, bytes } = await send('other', 'x', 'keep-both');
      const again = { ...arrival, id: anArrival().id, path: '/in/twin', key: 'files/acme/in/twin' };
      await place.put(again, bytes);
      const target = place.target('keep-both');
      await Promise.all(Array.from({ length: 8 }, () => deliver(target, again, bytes)));
      expect(Object.keys(await place.delivered()).sort()).toEqual(['other', 'twin']);
    });

    test('keep-both: the second has a name of its own, twice too', async () => {
      await send('po.x12', 'first', 'keep-both');
      const { arrival, bytes } = await send('po.x12', 'second', 'keep-both');
      await deliver(place.target('keep-both'), arrival, bytes);
      const own = `po ~${arrival.id.slice(-12)}.x12`;
      expect(await texts()).toEqual({ 'po.x12': 'first', [own]: 'second' });
    });

    test('replace: the second is there', async () => {
      await send('po.x12', 'first', 'replace');
      await send('po.x12', 'second', 'replace');
      expect(await texts()).toEqual({ 'po.x12': 'second' });
    });

    test('refuse: the first stays', async () => {
      await send('po.x12', 'first', 'refuse');
      await expect(send('po.x12', 'second', 'refuse')).rejects.toThrow(refused);
      expect(await texts()).toEqual({ 'po.x12': 'first' });
    });

    test.each([
      '.hidden',
      '...',
      ' ',
      '-rf',
      '~',
      'a\\..\\b',
      'tab\tand\x1bescape',
      '*?"<>|',
      'café 📦.x12',
      `${'x'.repeat(251)}.x12`,
      `${'é'.repeat(125)}.x12`,
      `${'📦'.repeat(62)}.x12`,
      `.${'x'.repeat(254)}`,
    ])('a file named %j, and another', async (file) => {
      await send(file, 'first', 'keep-both');
      await send(file, 'second', 'keep-both');
      const names = Object.keys(await place.delivered());
      expect(names).toHaveLength(2);
      expect(names).toContain(file);
      for (const one of names) {
        expect(Buffer.byteLength(one)).toBeLessThanOrEqual(255);
        expect(one).not.toContain('\ufffd');
      }
    });

    test.each(['/in/..', '/..', '/in/.', '/'])('%s names nothing', async (path) => {
      await expect(send('x', 'x', 'replace', { path })).rejects.toThrow(refused);
      expect(await place.delivered()).toEqual({});
    });
  });
}
