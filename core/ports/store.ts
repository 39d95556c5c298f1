import type { Buffer } from 'node:buffer';
import type { Arrival } from '../arrival.ts';

/**
 * The store: whole objects under keys, and uploads on their way to become objects.
 *
 * A key is a path of segments between single slashes, without a leading or trailing one: `files/acme/in/po.x12`.
 * No segment is empty, `.` or `..`; `core/paths.ts` makes keys, a store may trust them.
 * Every method throws `Fault`: `store-down` and `store-full` where the engine fails, others as named.
 */
export interface Store {
  readonly objects: Objects;
  readonly folders: Folders;
  readonly uploads: Uploads;
  close(): Promise<void>;
}

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  /** The arrival that made this object; none for what Landfall itself wrote (ledger, reports) or found there. */
  readonly arrival?: string;
  /** Those it was published with, if the engine has room for them beside the bytes. */
  readonly digests?: Arrival['digests'];
}

export interface Objects {
  /**
   * The object at `key`, or undefined. With `arrival`: what that arrival published at `key`, even if it has been
   * replaced, renamed or removed since; undefined while (or if never) it was published there.
   */
  head(key: string, arrival?: string): Promise<ObjectInfo | undefined>;
  /**
   * The bytes `from` (default 0) up to, not including, `to` (default the end). A chunk is valid until the next one
   * is asked for: the store reads ahead into buffers of its own and uses them again. `arrival` as in `head`.
   * Throws `not-found`, and `bad-offset` when `from` is beyond the end.
   */
  read(key: string, range?: { from?: number; to?: number; arrival?: string }): AsyncIterable<Buffer>;
  /**
   * Writes a small object whole, durable when it resolves, folders made as needed. With `ifAbsent` throws `exists`
   * if there is one; of any number of racers exactly one wins.
   */
  put(key: string, bytes: Uint8Array, options?: { ifAbsent?: boolean }): Promise<void>;
  /**
   * Another name for the same bytes, of the same arrival, folders made as needed. With `arrival` the source is as in
   * `head`. Throws `not-found`, `is-a-folder`, and `exists` unless `replace`.
   */
  copy(from: string, to: string, options?: { replace?: boolean; arrival?: string }): Promise<void>;
  /**
   * Moves an object, keeping its arrival; a suspended upload for `to` is forgotten. With `arrival` only if the object
   * now at `from` is that arrival's, else `not-found`. Throws as `copy`.
   */
  rename(from: string, to: string, options?: { replace?: boolean; arrival?: string }): Promise<void>;
  /** Throws `not-found`, `is-a-folder`. What an arrival published stays readable by its id until it is swept. */
  remove(key: string): Promise<void>;
  /** Sets the modification time, to the second at least; it stays the same arrival's. Throws as `remove`. */
  touch(key: string, modified: Date): Promise<void>;
}

export type Entry =
  | { readonly kind: 'file'; readonly name: string; readonly size: number; readonly modified: Date }
  | { readonly kind: 'folder'; readonly name: string; readonly modified: Date };

export interface Folders {
  /** What is directly in the folder, in no promised order, streamed. Throws `not-found`, `not-a-folder`. */
  list(key: string): AsyncIterable<Entry>;
  /**
   * The folder itself, or undefined if there is none (or a file). `lately`: what another process did to it in the last
   * 5 seconds need not be seen, which spares requests.
   */
  head(key: string, how?: { lately?: boolean }): Promise<{ modified: Date } | undefined>;
  /** Makes the folder and those above it. Throws `exists` (a file, too), `not-a-folder` (a file is in its way). */
  make(key: string): Promise<void>;
  /** Throws `not-found`, `not-a-folder`, `not-empty`. */
  remove(key: string): Promise<void>;
  /** Moves a folder with all in it. Throws `not-found`, `exists`, `bad-argument` (into itself). */
  rename(from: string, to: string): Promise<void>;
}

export interface Uploads {
  /** A new upload from its first byte. Nothing is visible before `publish`. */
  begin(key: string, arrival: string): Promise<Upload>;
  /**
   * Goes on with what is stored for `key`, from byte `at`: a suspended upload (claimed, so that only one may go on
   * with it: `busy`), or else a copy of the finished object, both cut to `at` bytes. The new bytes make the upload
   * the arrival `arrival`. Throws `bad-offset` when fewer than `at` bytes are there.
   */
  resume(key: string, arrival: string, at: number): Promise<Upload>;
  /** The suspended upload for `key`, if there is one. */
  suspended(key: string): Promise<Suspended | undefined>;
  /**
   * Ends what is older: suspended and forsaken uploads, and what was published, is named no more and was kept for
   * its readers. Answers how many of each went.
   */
  sweep(olderThan: { uploads: Date; unnamed: Date }): Promise<{ uploads: number; unnamed: number }>;
}

export interface Suspended {
  readonly key: string;
  /** Bytes that are durable. */
  readonly size: number;
  readonly since: Date;
}

/** One upload. Calls do not overlap; after `publish`, `suspend` or `abort` it is over. */
export interface Upload {
  /** Bytes taken so far, those resumed from included. */
  readonly size: number;
  /** The note of the suspended upload that this one goes on with. */
  readonly note?: string;
  /** Takes the chunk; the caller may use its memory again when it resolves. Slow stores resolve late. */
  write(chunk: Uint8Array): Promise<void>;
  /** All bytes are durable when it resolves; nothing is visible yet. */
  seal(): Promise<void>;
  /**
   * Makes the sealed upload the object at its key in one atomic, durable step. Throws `exists` where `replace` is
   * not set and there is an object (exactly one of any number of racers wins), `is-a-folder`, `not-a-folder`.
   * With `modified` the object carries that time instead of now; `digests` are kept with it, see `ObjectInfo`.
   */
  publish(options?: PublishOptions): Promise<ObjectInfo>;
  /**
   * Keeps what has arrived so that `resume` finds it, durable when it resolves; replaces an older suspended upload of
   * the key. `note`, at most 4 KiB of text, is kept beside it.
   */
  suspend(note?: string): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

export interface PublishOptions {
  readonly replace?: boolean;
  readonly modified?: Date;
  readonly digests?: Arrival['digests'];
}
