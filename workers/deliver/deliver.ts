import { Fault } from '../../core/fault.ts';
import { bytesOf, type Stage } from '../../core/stage.ts';

/** Brings the arrival to one target of its feed. Throws `not-found` for a target that the feed has no more. */
export const deliver: Stage = async ({ arrival, feed, target, signal }, ports) => {
  const spec = feed.deliver.find(({ name }) => name === target);
  if (!spec) throw new Fault('not-found', `feed "${feed.name}" has no target "${target ?? ''}" any more`);
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
