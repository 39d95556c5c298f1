import type { Socket } from 'node:net';

/** The two ends of a data connection. */
export type End = 'client' | 'listener';

/** A data connection that has come, by itself or by way of another listener. */
export interface DataConnection {
  /** Not yet read from. */
  readonly socket: Socket;
  /**
   * Resolves when all that this end sent is known to have reached the other one, or its kernel, with nobody between who
   * might have lost some. Rejects with `cancelled`, or the signal's reason when that aborts first.
   */
  settled(sender: End, signal: AbortSignal): Promise<void>;
  /** Nobody will ask any more. */
  forget(): void;
}

/** Nobody is between: TCP's own word is as good. */
export const directly = (socket: Socket): DataConnection => ({
  socket,
  settled: async () => undefined,
  forget: () => undefined,
});
