import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Arrival } from '../../../core/arrival.ts';
import type { ObjectInfo } from '../../../core/ports/store.ts';
import { factsIn } from './metadata.ts';

/** An object, found. */
export interface Found {
  /** Where it is: its key, or its place in `kept/`. */
  readonly at: string;
  readonly etag: string;
  readonly size: number;
  readonly modified: Date;
  readonly arrival?: string | undefined;
  readonly digests?: Arrival['digests'] | undefined;
  readonly mark?: string | undefined;
  readonly late: boolean;
  readonly movedTo?: string | undefined;
  readonly movingFrom?: string | undefined;
  /** Tells it from every other object that is or was at its key; a new time for the same bytes makes no other of it. */
  readonly signature: string;
}

export function foundIn(at: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): Found {
  const { late = false, modified, ...facts } = factsIn(answer.Metadata);
  const written = answer.LastModified ?? new Date(0);
  const etag = answer.ETag ?? '';
  return {
    ...facts,
    at,
    etag,
    size: wholeSize(answer),
    modified: modified ?? written,
    late,
    signature: [etag, facts.mark ?? written.getTime()].join(' '),
  };
}

/** Of `bytes 3-4/5`, 5. */
function wholeSize(answer: HeadObjectCommandOutput | GetObjectCommandOutput): number {
  const whole = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1];
  return whole === undefined ? (answer.ContentLength ?? 0) : Number(whole);
}

export const infoOf = (
  key: string,
  { size, modified, arrival, digests }: Pick<Found, 'size' | 'modified' | 'arrival' | 'digests'>,
): ObjectInfo => ({
  key,
  size,
  modified,
  ...(arrival === undefined ? {} : { arrival }),
  ...(digests === undefined ? {} : { digests }),
});
