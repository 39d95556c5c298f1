import { expect, test } from 'vitest';
import { type Feed, unclaimedFeed } from '../../core/feed.ts';
import type { StagePorts } from '../../core/stage.ts';
import { route } from '../../workers/route/route.ts';
import { aPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';

const partner = aPartner();
const ports = {} as StagePorts;
const run = (feed: Feed) =>
  route({ arrival: anArrival(), partner, feed, signal: new AbortController().signal }, ports);

test('one delivery for each target, in their order', async () => {
  const folder = { to: 'folder', path: 'out', existing: 'replace' } as const;
  const deliver = [
    { ...folder, name: 'b' },
    { ...folder, name: 'a' },
  ];
  expect(await run({ ...unclaimedFeed, deliver })).toEqual({
    result: 'routed',
    next: [
      { stage: 'deliver', target: 'b' },
      { stage: 'deliver', target: 'a' },
    ],
  });
});

test('a feed without targets is routed nowhere, and says so', async () => {
  const { result, next, reasons } = await run(unclaimedFeed);
  expect([result, next, reasons?.[0]?.code]).toEqual(['routed', undefined, 'no-targets']);
});
