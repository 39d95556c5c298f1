import { availableParallelism } from 'node:os';
import type { S3 } from '@aws-sdk/client-s3';
import { isShared } from '../../../core/buffers.ts';
import { createDigestThread, type DigestThread } from '../../../core/digest-thread.ts';

/** Sent in place of the SHA-256 of the body: the signature does not hold the body. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** Bytes from which a body is worth the way to another thread. */
const THREADED_BYTES = 1024 ** 2;

interface Outgoing {
  readonly protocol: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/**
 * Leaves the SHA-256 of a body out of the signature where it would say nothing new: the body goes over TLS, and the
 * signature holds its CRC-32, which the store checks. It is a third of what an upload costs. Everywhere else it stays,
 * and that of a large body is computed beside this thread.
 */
export function signPayloads(s3: S3): Pick<DigestThread, 'close'> {
  const thread = createDigestThread();
  const sha256Of = async (body: Uint8Array): Promise<string> => {
    const digester = thread.begin(['sha256']);
    await digester.update(body);
    return (await digester.finish()).sha256!;
  };
  s3.middlewareStack.add(
    (next) => async (args) => {
      const { protocol, headers, body } = args.request as Outgoing;
      if (protocol === 'https:' && headers['x-amz-checksum-crc32'] !== undefined) {
        headers[DIGEST] = UNSIGNED;
      } else if (isThreaded(body)) {
        headers[DIGEST] = await sha256Of(body);
      }
      return next(args);
    },
    { step: 'build', name: 'signPayloads' },
  );
  return thread;
}

const DIGEST = 'x-amz-content-sha256';

const isThreaded = (body: unknown): body is Uint8Array =>
  body instanceof Uint8Array && isShared(body) && body.length >= THREADED_BYTES && availableParallelism() > 1;
