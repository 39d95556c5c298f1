import type { Socket } from 'node:net';
import type { End } from './connection.ts';

/** A data connection that is prepared: by PASV and EPSV, waiting for the client; by PORT and EPRT, to be dialled. */
export interface DataChannel {
  /**
   * The connection, not yet read from. Throws a `Refusal` 425 when it is not made in time, the signal's reason when
   * that aborts first. Called once at most.
   */
  connect(signal: AbortSignal): Promise<Socket>;
  /** Of the connection that was made; see `DataConnection`. */
  settled(sender: End, signal: AbortSignal): Promise<void>;
  /** Gives up what is held: the place at a port, a connection nobody took. */
  close(): void;
}
