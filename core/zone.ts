import type { Buffer } from 'node:buffer';
import type { DigestName } from './arrival.ts';
import type { Combining } from './combine.ts';
import type { Landing } from './landing.ts';
import type { Partner } from './partner.ts';
import type { Entry } from './ports/store.ts';
import type { Reading } from './stored-digests.ts';

/**
 * A partner's landing zone: its files as it sees them, by path, within its root and its permissions. What every
 * protocol of the listeners talks to. The rules are those of the partner's file at each call, not at the login.
 */
export interface Zone {
  readonly partner: Partner;
  /** The file or folder at the path. Throws `not-found`, `not-permitted`. */
  stat(path: string): Promise<Entry>;
  /** Throws `not-found`, `not-a-folder`, `not-permitted`. */
  list(path: string): AsyncIterable<Entry>;
  /** The bytes up to, not including, `to`. Throws `not-found`, `is-a-folder`, `bad-offset`, `not-permitted`. */
  read(path: string, from?: number, to?: number): Promise<Download>;
  /** The digest of the file or of a part of it, which may end beyond its end. Throws as `read`. */
  digest(path: string, name: DigestName, reading: Reading): Promise<Digest>;
  /** Throws `not-permitted`, `is-a-folder`, `exists`, `bad-offset`, `busy`. */
  upload(path: string, how: UploadMode, sender: Sender): Promise<Landing>;
  /** Where an upload could go on: after the suspended upload, or else after the file. Throws `not-found`. */
  resumable(path: string): Promise<Resumable>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Moves a file or a folder; a file that leaves its temporary name for a final one is announced first. */
  rename(from: string, to: string): Promise<void>;
  /** Sets when a file was changed. Throws `not-found`, `is-a-folder`, `not-permitted`. */
  setModified(path: string, modified: Date): Promise<void>;
  /**
   * Makes one file of several, in their order, and then removes those; it is an upload like any other. Answers the
   * paths that could not be removed.
   */
  combine(target: string, parts: readonly string[], sender: Sender, how: Combining): Promise<string[]>;
  /** Bytes that are left for uploads to the folder, or undefined where nobody can tell. */
  room(path: string): Promise<number | undefined>;
}

export interface Download {
  /** Bytes of the whole file. */
  readonly size: number;
  readonly modified: Date;
  /** A chunk is valid until the next one is asked for. */
  readonly bytes: AsyncIterable<Buffer>;
}

export interface Digest {
  /** Lower-case hex. */
  readonly hex: string;
  /** The bytes that it is of, `to` not included. */
  readonly from: number;
  readonly to: number;
}

export interface Resumable {
  /** Bytes; those of a suspended upload but the last, so that they are never the whole. */
  readonly size: number;
  /** Whether they are a suspended upload's, beside which there may be a file of another size. */
  readonly isCut: boolean;
}

export type UploadMode = { readonly at: number } | 'append';

/** Who sends, for the timeline. */
export interface Sender {
  readonly protocol: string;
  readonly address: string;
}
