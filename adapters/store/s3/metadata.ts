import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type Arrival, digestNames } from '../../../core/arrival.ts';

/** What an object's metadata (x-amz-meta-) says. */
export interface Facts {
  readonly arrival?: string | undefined;
  readonly modified?: Date | undefined;
  readonly digests?: Arrival['digests'] | undefined;
  /** Tells one write from another, for a writer whose answer got lost. */
  readonly mark?: string | undefined;
  /** There may be facts in `late/` that are newer than these. */
  readonly late?: boolean;
  /** For a note in `kept/`: the key that the object was moved to. */
  readonly movedTo?: string | undefined;
  /** For a folder's marker: the folder that is being moved here. */
  readonly movingFrom?: string | undefined;
}

const ARRIVAL = 'landfall-arrival';
/** Before the digest's name. */
const DIGEST = 'landfall-digest-';
const MARK = 'landfall-write';
const LATE = 'landfall-late';
const MOVED = 'landfall-moved';
const MOVING = 'landfall-moving';
/** As rclone writes it: seconds with decimals. */
const MTIME = 'mtime';

export const newMark = (): string => randomUUID();

export function metadataOf({
  arrival,
  modified,
  digests = {},
  mark,
  late,
  movedTo,
  movingFrom,
}: Facts): Record<string, string> {
  return {
    ...(arrival === undefined ? {} : { [ARRIVAL]: arrival }),
    ...(modified === undefined ? {} : { [MTIME]: (modified.getTime() / 1000).toFixed(3) }),
    ...Object.fromEntries(Object.entries(digests).map(([name, digest]) => [DIGEST + name, digest])),
    ...(mark === undefined ? {} : { [MARK]: mark }),
    ...(late ? { [LATE]: '1' } : {}),
    ...(movedTo === undefined ? {} : { [MOVED]: Buffer.from(movedTo).toString('base64url') }),
    ...(movingFrom === undefined ? {} : { [MOVING]: Buffer.from(movingFrom).toString('base64url') }),
  };
}

export function factsIn(metadata: Readonly<Record<string, string>> = {}): Facts {
  const seconds = metadata[MTIME];
  const modified = seconds === undefined ? undefined : new Date(Math.round(Number(seconds) * 1000));
  return {
    arrival: metadata[ARRIVAL],
    modified: modified && Number.isNaN(modified.getTime()) ? undefined : modified,
    digests: digestsIn(metadata),
    mark: metadata[MARK],
    late: metadata[LATE] !== undefined,
    movedTo: decoded(metadata[MOVED]),
    movingFrom: decoded(metadata[MOVING]),
  };
}

function digestsIn(metadata: Readonly<Record<string, string>>): Arrival['digests'] | undefined {
  const found = digestNames.flatMap((name) => {
    const digest = metadata[DIGEST + name];
    return digest === undefined ? [] : [[name, digest] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

const decoded = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'base64url').toString();
