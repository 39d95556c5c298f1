import { readFile } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { createBucket } from './bucket.ts';
import { probe } from './capabilities.ts';
import { createFolders } from './folders.ts';
import { createLocks } from './lease.ts';
import { MIN_PART_BYTES } from './multipart.ts';
import { createNames } from './names.ts';
import { createObjects } from './objects.ts';
import { createObstacles } from './obstacles.ts';
import { PIECE_RULES, type PieceRules } from './part-plan.ts';
import { createUploadMemory } from './upload-memory.ts';
import { createUploads } from './uploads.ts';
import type { S3Place } from './url.ts';

export interface S3StoreOptions extends S3Place {
  readonly log?: Log;
  /** Bytes of a part, 5 MiB at least; from 10 MiB on less is sent twice after a cut. Default: 10 MiB. */
  readonly partBytes?: number;
  /** Bytes of all uploads together. Default: 256 MiB. */
  readonly memoryBytes?: number;
  /** How long a buffer is an upload's own while others wait for one, in milliseconds. Default: 5 seconds. */
  readonly holdMs?: number;
  /** For one request with all its attempts, in milliseconds. Default: a minute. */
  readonly deadlineMs?: number;
  /** For one attempt without a byte moving, in milliseconds. Default: 15 seconds. */
  readonly idleMs?: number;
  readonly pieces?: PieceRules;
  /** How long who does not renew a claim or a lock has it, in milliseconds. Default: a minute. */
  readonly leaseMs?: number;
}

export interface S3Store extends Store {
  /** Bytes that uploads held in memory at the same time, at most. */
  readonly peakBytes: number;
}

const MIB = 1024 ** 2;
const VERSIONING =
  'the bucket keeps every version: what is replaced or removed is paid for until a lifecycle rule of the bucket ends it';

/**
 * A store in a bucket of any S3-compatible service; credentials come from where the SDK looks for them. Listings tell
 * when an object was written, and nothing for folders; `head` tells when a file was modified. Throws `store-down`
 * where the bucket cannot keep the promises of the port, saying why.
 */
export async function openS3Store(options: S3StoreOptions): Promise<S3Store> {
  const {
    log,
    partBytes = 10 * MIB,
    memoryBytes = 256 * MIB,
    holdMs = 5_000,
    deadlineMs = 60_000,
    idleMs = 15_000,
  } = options;
  if (partBytes < MIN_PART_BYTES) throw new Fault('bad-argument', 'a part has at least 5 MiB');
  const ca = options.caFile === undefined ? {} : { ca: await readCertificates(options.caFile) };
  const asked = createBucket({ ...options, ...ca, deadlineMs, idleMs });
  try {
    const can = await probe(asked);
    const bucket = { ...asked, checksums: can.checksums };
    log?.info({ bucket: options.bucket, ...can }, 'found out what the object store can do');
    if (can.versioning) log?.warn({ bucket: options.bucket }, VERSIONING);
    const remote = { bucket, can, locks: createLocks(bucket, can, options.leaseMs) };
    const obstacles = createObstacles(bucket);
    const names = createNames(remote, obstacles);
    const memory = createUploadMemory({ memoryBytes, partBytes, holdMs });
    return {
      objects: createObjects(remote, names),
      folders: createFolders(remote, names, obstacles),
      uploads: createUploads({ remote, names, memory, pieces: options.pieces ?? PIECE_RULES }),
      close: async () => bucket.close(),
      get peakBytes() {
        return memory.peakBytes;
      },
    };
  } catch (thrown) {
    asked.close();
    throw thrown;
  }
}

async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Fault('bad-argument', `the certificates of the store's authority are not in ${file}`, {
      cause,
    });
  }
}
