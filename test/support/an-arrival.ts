import { type Arrival, newArrivalId } from '../../core/arrival.ts';

/** An arrival with everything in it; what the test is about is given. */
export const anArrival = (known: Partial<Arrival> = {}): Arrival => ({
  id: newArrivalId(),
  partner: 'acme',
  feed: 'orders',
  key: 'files/acme/in/po.x12',
  path: '/in/po.x12',
  size: 5,
  digests: { sha256: '00' },
  receivedAt: '2026-11-25T10:00:00.000Z',
  protocol: 'ftp',
  remote: '127.0.0.1',
  run: 1,
  ...known,
});
