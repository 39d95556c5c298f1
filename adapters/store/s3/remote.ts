import type { Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import type { Locks } from './lease.ts';

/** What the parts of the store share. */
export interface Remote {
  readonly bucket: Bucket;
  readonly can: Capabilities;
  readonly locks: Locks;
}
