import type { Bucket } from './bucket.ts';

/**
 * The bucket for what only the holder of a claim may do. `confirm` is asked before every attempt of a request, and
 * throws once somebody else may have the claim: who was stopped and comes back changes nothing of the other's.
 */
export const whileHeld = (bucket: Bucket, confirm: () => Promise<void> | undefined): Bucket => ({
  ...bucket,
  ask: (request, how) =>
    bucket.ask(async (s3, options) => {
      await confirm();
      return request(s3, options);
    }, how),
});
