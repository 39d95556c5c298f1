import { SQS } from '@aws-sdk/client-sqs';
import { Fault } from '../../../core/fault.ts';
import { sqsFault } from './sqs-fault.ts';
import type { SqsPlace } from './url.ts';

/** Milliseconds for one request with its repetitions, a long poll's wait not counted. */
const DEADLINE_MS = 15_000;
const CONNECT_MS = 3_000;
/** Attempts of one request, with the SDK's growing waits between them. */
const ATTEMPTS = 4;
/** Connections: one for each long poll, the others for requests that are soon over. */
const MAX_CONNECTIONS = 128;

export type Request<Answer> = (sqs: SQS, how: { abortSignal: AbortSignal }) => Promise<Answer>;

/** Requests to SQS, with their limits and repetitions. */
export interface Requests {
  /** Throws `Fault` as the table of sqs-fault.ts says. `waitMs`: what a long poll may take by itself. */
  ask<Answer>(request: Request<Answer>, waitMs?: number): Promise<Answer>;
  /** Ends those under way; later ones throw `queue-down`. */
  close(): void;
}

/** Credentials come from where the AWS SDK looks for them: environment, task role, and so on. */
export function createRequests({ endpoint, region }: Pick<SqsPlace, 'endpoint' | 'region'>): Requests {
  const closing = new AbortController();
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const sqs = new SQS({
    ...(endpoint === undefined ? {} : { endpoint }),
    // Other makes take any name for the region.
    ...(region === undefined && endpoint === undefined ? {} : { region: region ?? 'us-east-1' }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, httpAgent: agent, httpsAgent: agent },
  });
  return {
    async ask(request, waitMs = 0) {
      if (closing.signal.aborted) throw new Fault('queue-down', 'it is closed');
      const limit = new AbortController();
      const end = (): void => limit.abort();
      const timer = setTimeout(end, DEADLINE_MS + waitMs);
      closing.signal.addEventListener('abort', end);
      try {
        return await request(sqs, { abortSignal: limit.signal });
      } catch (thrown) {
        throw sqsFault(thrown);
      } finally {
        clearTimeout(timer);
        closing.signal.removeEventListener('abort', end);
      }
    },
    close() {
      closing.abort();
      sqs.destroy();
    },
  };
}
