import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arrival, digestNames, newArrivalId } from '../../core/arrival.ts';
import { decodeEvent, encodeEvent, stageEvent, stageOf } from '../../core/event.ts';
import { stageNames } from '../../core/pipeline.ts';

/** Strings of any UTF-16 code units: control codes, NUL, lone surrogates. */
const anyName = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x7f, 0x2028, 0xd800, 0xdfff, 0xfffe)),
  )
  .map((units) => String.fromCharCode(...units));

const anyArrival: fc.Arbitrary<Arrival> = fc.record({
  id: fc.constant(newArrivalId()),
  partner: anyName,
  feed: anyName,
  key: anyName,
  path: anyName,
  size: fc.maxSafeNat(),
  digests: fc.dictionary(fc.constantFrom(...digestNames), fc.string()),
  receivedAt: fc.constant('2026-01-02T03:04:05.678Z'),
  protocol: anyName,
  remote: anyName,
  run: fc.integer({ min: 1, max: 1_000 }),
});
const wellFormed = anyName.map((name) => name.toWellFormed());
const anyEvent = fc
  .tuple(fc.constantFrom(...stageNames), anyArrival, wellFormed, fc.option(wellFormed, { nil: undefined }))
  .map(([stage, arrival, partner, target]) => stageEvent(stage, { ...arrival, partner }, target));

describe('an event', () => {
  test('comes back as it was, whatever the names', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toEqual(event);
      }),
    );
  });

  test('is written in printable ASCII only, which every queue takes', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(encodeEvent(event)).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  test('has the same id whenever it is made again, and another for another stage, run or target', () => {
    const arrival = fc.sample(anyArrival, 1)[0]!;
    const acme = { ...arrival, partner: 'acme', run: 1 };
    const made = () => [
      stageEvent('route', acme).id,
      stageEvent('deliver', acme, 'a').id,
      stageEvent('deliver', acme, 'a/b').id,
      stageEvent('deliver', acme, 'b').id,
      stageEvent('deliver', { ...acme, run: 2 }, 'a').id,
    ];
    expect(made()).toEqual(made());
    expect(new Set(made()).size).toBe(5);
  });

  test.each(stageNames)('knows its stage: %s', (stage) => {
    expect(stageOf(stageEvent(stage, { ...fc.sample(anyArrival, 1)[0]!, partner: 'acme' }))).toBe(stage);
  });

  test('a text that is no event of ours is refused, naming the field', () => {
    const good = stageEvent('scan', { ...fc.sample(anyArrival, 1)[0]!, partner: 'acme' });
    const refused: [unknown, RegExp][] = [
      ['{', /not JSON/],
      ['null', /body/],
      [{ ...good, type: 'landfall.erase' }, /type/],
      [{ ...good, type: 'scan' }, /type/],
      [{ ...good, specversion: '2.0' }, /specversion/],
      [{ ...good, data: { arrival: { ...good.data.arrival, size: -1 } } }, /data\.arrival\.size/],
      [{ ...good, data: {} }, /data\.arrival/],
    ];
    for (const [value, words] of refused) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      expect(() => decodeEvent(text)).toThrow(words);
      expect(() => decodeEvent(text)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    }
  });

  test('decoding never throws anything but a fault', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeEvent(text)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
      }),
    );
  });
});
