import { expect, it } from 'vitest';
import { blobName } from '../../adapters/store/disk/layout.ts';
import { createNameFilter } from '../../adapters/store/disk/name-filter.ts';
import { newArrivalId } from '../../core/arrival.ts';

const COUNT = 50_000;

it('has every name that was added, and hardly any other, of one arrival or of many', () => {
  const filter = createNameFilter();
  const arrival = newArrivalId();
  const blobs = Array.from({ length: COUNT }, (_, count) =>
    blobName(count % 2 ? arrival : newArrivalId(), `files/acme/${count}`),
  );
  const [added, others] = [blobs.slice(0, COUNT / 2), blobs.slice(COUNT / 2)];
  for (const blob of added) filter.add(blob);
  expect(added.every((blob) => filter.has(blob))).toBe(true);
  expect(others.filter((blob) => filter.has(blob)).length).toBeLessThan(5);
});
