import { fdatasync, fsync, ftruncate, futimes, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { closeFile, openFile, quick } from './quick-calls.ts';

/** A file that is written. */
export interface OpenFile {
  readonly descriptor: number;
  /** Writes all of it, at that byte. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /**
   * Makes its bytes and its size durable, and with `sync` its times too. After one that failed all others fail: the
   * kernel may count the lost bytes as written, and the next sync as good.
   */
  datasync(): Promise<void>;
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  setTime(time: Date): Promise<void>;
  close(): Promise<void>;
}

const FILE_MODE = 0o640;
/** Bytes at the beginning of a file that are written without the thread pool: a small file is no more than they are. */
const FIRST_BYTES = 64 * 1024;

type Write = [file: number, bytes: Uint8Array, from: number, length: number, at: number];

const writeLater = promisify(write);
const writePooled = async (...args: Write): Promise<number> => (await writeLater(...args)).bytesWritten;
const writeFirst = quick<Write, number>(writeSync, writePooled);

const syncFile = promisify(fsync);
const syncData = promisify(fdatasync);
const cut = promisify(ftruncate);
const setTimes = promisify(futimes);

export async function openForWriting(path: string, flags: 'wx' | 'r+'): Promise<OpenFile> {
  const descriptor = await openFile(path, flags, FILE_MODE);
  let lost: { readonly thrown: unknown } | undefined;
  const unlessLost = async (sync: (file: number) => Promise<void>): Promise<void> => {
    if (lost) throw lost.thrown;
    try {
      await sync(descriptor);
    } catch (thrown) {
      lost = { thrown };
      throw thrown;
    }
  };
  return {
    descriptor,
    async write(bytes, at) {
      for (let done = 0; done < bytes.length; ) {
        const rest = bytes.length - done;
        const writeSome = at + bytes.length <= FIRST_BYTES ? writeFirst : writePooled;
        done += await writeSome(descriptor, bytes, done, rest, at + done);
      }
    },
    datasync: () => unlessLost(syncData),
    sync: () => unlessLost(syncFile),
    truncate: (size) => cut(descriptor, size),
    setTime: (time) => setTimes(descriptor, time, time),
    close: () => closeFile(descriptor),
  };
}
