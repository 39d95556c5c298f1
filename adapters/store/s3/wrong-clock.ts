import { type S3, S3ServiceException } from '@aws-sdk/client-s3';

/** A request whose time is less wrong is not refused for that, in milliseconds. */
const REFUSED_FROM_MS = 4 * 60_000;

/**
 * What was signed with a wrong time is refused, but an answer to HEAD has no body to say that this was why. The SDK
 * signs the next request by the time that the answer tells: if that is so far from before, this was why.
 */
export async function nameWrongClock<Answer>(s3: S3, request: () => Promise<Answer>): Promise<Answer> {
  const { systemClockOffset } = s3.config;
  try {
    return await request();
  } catch (thrown) {
    const isRefused = thrown instanceof S3ServiceException && thrown.$metadata.httpStatusCode === 403;
    const wrongMs = Math.abs(s3.config.systemClockOffset - systemClockOffset);
    if (isRefused && wrongMs >= REFUSED_FROM_MS) thrown.name = 'RequestTimeTooSkewed';
    throw thrown;
  }
}
