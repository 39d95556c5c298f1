import { benchRelay } from '../fleet/relay.ts';
import type { EngineBench } from './engine-bench.ts';
import { benchQueues } from './queues.ts';
import { benchS3 } from './s3.ts';

/** By what `--only` calls them. */
export const engineBenches: Readonly<Record<string, EngineBench>> = {
  s3: benchS3,
  queues: benchQueues,
  relay: benchRelay,
};
