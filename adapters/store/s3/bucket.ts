import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3 } from '@aws-sdk/client-s3';
import { Fault } from '../../../core/fault.ts';
import { keepAnswerTimes } from './answer-time.ts';
import { createPatience } from './patience.ts';
import { signPayloads } from './payload-signature.ts';
import { mayPass, s3Fault } from './s3-fault.ts';
import type { S3Place } from './url.ts';
import { nameWrongClock } from './wrong-clock.ts';

/** Of a key in UTF-8, to S3. */
const MAX_KEY_BYTES = 1024;
/** Connections to the store. Requests beyond them wait for one. */
const MAX_CONNECTIONS = 512;
const CONNECT_MS = 5_000;
/** The wait before the second attempt at most; it doubles up to the longest. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** For an attempt that begins when others have just noticed that the store is down for long: its time is over already. */
const LEAST_MS = 500;
/** For a copy of 5 GiB within the store, which may answer nothing before it is done: 18 MiB/s. And for a join. */
const COPY_MS = 300_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface BucketOptions extends S3Place {
  /** Certificates (PEM) of the authority that signed the store's. */
  readonly ca?: string;
  /** For one request with all its attempts; less in an outage that has lasted as long. */
  readonly deadlineMs: number;
  /** For one attempt without a byte moving. */
  readonly idleMs: number;
}

export interface AskOptions<Answer> {
  /**
   * Asked when it is over and an attempt's answer never came: whether that one was done after all. Its answer is then
   * the request's.
   */
  readonly wasDone?: () => Promise<Answer | undefined>;
  /** It is a copy within the store: an attempt may take longer than the deadline. */
  readonly isCopy?: boolean;
  /** So may this one, as long as bytes move: S3 sends spaces while it puts thousands of parts together. */
  readonly isJoin?: boolean;
}

/** The bucket: requests with their retries. */
export interface Bucket {
  readonly name: string;
  /** Whether the store checks and answers CRC-32 sums: not before `probe` found it out. */
  readonly checksums: boolean;
  /** The store's name for a key of ours. Throws `name-too-long`: an answer to HEAD could not say so. */
  full(key: string): string;
  /**
   * Sends a request until it is answered, or the deadline is over. Throws `Fault` as the table of s3-fault.ts says;
   * `exists` stands for every condition that did not hold.
   */
  ask<Answer>(request: Request<Answer>, options?: AskOptions<Answer>): Promise<Answer>;
  close(): void;
}

export type Request<Answer> = (s3: S3, how: { abortSignal: AbortSignal }) => Promise<Answer>;

export function createBucket(options: BucketOptions): Bucket {
  const { bucket: name, prefix, deadlineMs } = options;
  const closing = new AbortController();
  const patience = createPatience(deadlineMs);
  const s3 = new S3(clientOptions(options));
  const copying = new S3(clientOptions({ ...options, idleMs: COPY_MS }));
  const payloads = signPayloads(s3);
  keepAnswerTimes(s3);

  /** One attempt. Its limit ends with the answer's head: a body may take as long as its reader does. */
  const attempt = async <Answer>(request: Request<Answer>, on: S3, leftMs: number): Promise<Answer> => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), leftMs);
    try {
      const how = { abortSignal: AbortSignal.any([limit.signal, closing.signal]) };
      return await nameWrongClock(on, () => request(on, how));
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    name,
    checksums: false,
    full(key) {
      const full = prefix + key;
      if (Buffer.byteLength(full) <= MAX_KEY_BYTES) return full;
      throw new Fault('name-too-long', `with what is before it, a path has at most ${MAX_KEY_BYTES} bytes`);
    },

    async ask(request, { wasDone, isCopy = false, isJoin = false } = {}) {
      const asked = performance.now();
      let unknown = false;
      for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
        if (closing.signal.aborted) throw new Fault('store-down', 'the store is closed');
        const began = performance.now();
        try {
          const answer = await (isCopy
            ? attempt(request, copying, COPY_MS)
            : attempt(request, s3, isJoin ? COPY_MS : Math.max(patience.until(asked) - began, LEAST_MS)));
          patience.answered();
          return answer;
        } catch (thrown) {
          const again = mayPass(thrown);
          if (again) patience.failed(began);
          // A fault of our own, as of a lease that could not be renewed, is no answer of the store's.
          else if (!(thrown instanceof Fault)) patience.answered();
          const pause = wait * (0.5 + Math.random() / 2);
          if (!again || performance.now() + pause > patience.until(asked) || closing.signal.aborted) {
            // The last attempt may have been done as well as one before it.
            const done = wasDone && (unknown || again) ? await wasDone() : undefined;
            if (done !== undefined) return done;
            throw s3Fault(thrown);
          }
          unknown = true;
          await sleep(pause);
        }
      }
    },

    close() {
      closing.abort();
      s3.destroy();
      copying.destroy();
      void payloads.close();
    },
  };
}

function clientOptions({ endpoint, region, pathStyle, ca, idleMs }: BucketOptions) {
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    // Other makes take any name for the region.
    ...(region === undefined && endpoint === undefined ? {} : { region: region ?? 'us-east-1' }),
    forcePathStyle: pathStyle,
    // Stores check the signature, which holds the SHA-256 of the body; many know nothing of trailing checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    // Not all stores answer it, and the wait for that is long.
    expectContinueHeader: false,
    // `ask` repeats: it must know whether an attempt without an answer came before.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: idleMs,
      // Waiting for a connection is nothing to warn of.
      socketAcquisitionWarningTimeout: LONGEST_TIMER_MS,
      httpAgent: agent,
      httpsAgent: ca === undefined ? agent : { ...agent, ca },
    },
  };
}
