import type { S3 } from '@aws-sdk/client-s3';

/** Sent in place of the SHA-256 of the body: the signature does not hold the body. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';

interface Outgoing {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/**
 * Leaves the SHA-256 of a body out of the signature where it would say nothing new: the body goes over TLS, and the
 * signature holds its CRC-32, which the store checks. It is a third of what an upload costs. Everywhere else it stays.
 */
export function leavePayloadsUnsigned(s3: S3): void {
  s3.middlewareStack.add(
    (next) => (args) => {
      const { protocol, headers } = args.request as Outgoing;
      if (protocol === 'https:' && headers['x-amz-checksum-crc32'] !== undefined) {
        headers['x-amz-content-sha256'] = UNSIGNED;
      }
      return next(args);
    },
    { step: 'build', name: 'leavePayloadsUnsigned' },
  );
}
