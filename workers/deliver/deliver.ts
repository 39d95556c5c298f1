import type { Arrival } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import { bytesOf, type Stage, type StagePorts } from '../../core/stage.ts';

/**
 * Brings the arrival to one target of its feed. Throws `not-found` for a target that the feed has no more, and
 * `not-permitted` for a file that the feed wants scanned and that was not, whatever way the message came.
 */
export const deliver: Stage = async ({ arrival, feed, target, signal }, ports) => {
  const spec = feed.deliver.find(({ name }) => name === target);
  if (!spec) throw new Fault('not-found', `feed "${feed.name}" has no target "${target ?? ''}" any more`);
  if (feed.scan === 'required') await requireScanned(arrival, ports);
  const { place } = await ports.target(spec).deliver(
    {
      arrival,
      bytes: () => bytesOf(ports.store.objects, arrival),
      // Safe as a file name and, having no full stop, as a part of what webhooks sign.
      deliveryId: `${arrival.id}-${arrival.run}-${spec.name}`,
    },
    signal,
  );
  return { result: 'delivered', details: { place } };
};

/** A feed may have begun to demand scanning while the file was on its way: a new run begins with all its rules. */
async function requireScanned({ id, run }: Arrival, { ledger }: StagePorts): Promise<void> {
  const scan = await ledger.stage({ arrival: id, run, stage: 'scan' });
  if (scan?.result === 'passed' && scan.details.scanner !== undefined) return;
  throw new Fault(
    'not-permitted',
    `run ${run} of this file was not scanned, and its feed demands it: rerun it`,
  );
}
