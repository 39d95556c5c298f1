import { Fault } from '../../core/fault.ts';
import { Refusal } from './reply.ts';

/**
 * The fault in what a command threw, where who runs Landfall must hear of it: an error of ours, or an engine that does not
 * do its part. What a client did wrong is for the client to know.
 */
export function troubleIn(thrown: unknown): Fault | undefined {
  if (thrown instanceof Refusal) return undefined;
  const fault = Fault.from(thrown);
  return fault.retry && fault.cause !== undefined ? fault : undefined;
}
