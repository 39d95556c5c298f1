import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';

const MIB = 1024 ** 2;
const UPLOADS = 100;
const UPLOAD_BYTES = 12 * MIB;
const MEMORY_BYTES = 128 * MIB;
/** Milliseconds that an upload waits for memory before it is refused. */
const MEMORY_WAIT_MS = 120_000;
/** What grows besides the budget: the request bodies in sockets, sums, code that is compiled when it is busy. */
const REST_BYTES = 96 * MIB;

describe.skipIf(noS3 !== undefined)(
  `many uploads to S3${noS3 === undefined ? '' : `, skipped: ${noS3}`}`,
  () => {
    let bucket: TestBucket;
    beforeAll(async () => {
      bucket = await openTestBucket();
    });
    afterAll(() => bucket?.stop());

    it(`takes ${UPLOADS} at the same time in its memory, each in its turn`, async () => {
      const { bucket: name, prefix, endpoint } = bucket.newPlace();
      const url = `s3://${name}/${prefix}${endpoint === undefined ? '' : `?endpoint=${encodeURIComponent(endpoint)}`}`;
      const program = join(import.meta.dirname, '../support/s3-load-process.ts');
      const numbers = [UPLOADS, UPLOAD_BYTES, MEMORY_BYTES].map(String);
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', program, url, ...numbers],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      const { lentBytes, grownBytes, longestWriteMs } = JSON.parse(said) as Record<string, number>;
      console.log(
        `${UPLOADS} x ${UPLOAD_BYTES / MIB} MiB: ${lentBytes! / MIB} MiB lent of ${MEMORY_BYTES / MIB}, ` +
          `${Math.round(grownBytes! / MIB)} MiB more resident, longest wait ${Math.round(longestWriteMs!)} ms`,
      );
      expect(lentBytes).toBeGreaterThan(MEMORY_BYTES / 2);
      expect(lentBytes).toBeLessThanOrEqual(MEMORY_BYTES);
      expect(grownBytes).toBeLessThan(MEMORY_BYTES + REST_BYTES);
      expect(longestWriteMs).toBeLessThan(MEMORY_WAIT_MS);
    }, 900_000);
  },
);
