/**
 * A durable queue: at least once, with visibility timeouts and dead letters. Order is not promised.
 *
 * The engine knows nothing of retries: how often and how late is in the pipeline table, and the consumer says it
 * with `release` and `bury`. Every method throws `Fault` `queue-down` when the engine fails.
 */
export interface Queue {
  /** Durable when it resolves, all or none. Throws `bad-argument` for a body that is too long or not well-formed. */
  send(queue: string, messages: readonly Outgoing[]): Promise<void>;
  /**
   * Up to `max` messages, hidden from other consumers for `visibilityMs`; waits up to `waitMs` for the first one.
   * Answers an empty list when none came or `signal` aborted.
   */
  receive(queue: string, options: Receive, signal: AbortSignal): Promise<Delivery[]>;
  /** A bounded number of them. */
  deadLetters(queue: string): Promise<DeadLetter[]>;
  /** Puts dead letters back, all of the queue or those named, as if sent now. Answers how many. */
  redrive(queue: string, ids?: readonly string[]): Promise<number>;
  /** Messages waiting (delayed ones too), in flight, and dead. */
  depth(queue: string): Promise<{ waiting: number; inFlight: number; dead: number }>;
  close(): Promise<void>;
}

export interface Outgoing {
  /** Any well-formed text: the engine keeps every character as it is. At most 256 KiB in UTF-8. */
  readonly body: string;
  /** Not to be received before this many milliseconds from now. */
  readonly delayMs?: number;
  /** Whose message it is: engines that can be fair between groups are. */
  readonly group?: string;
}

export interface Receive {
  readonly max: number;
  readonly waitMs: number;
  readonly visibilityMs: number;
}

/** One message in one consumer's hands. After the visibility timeout it is somebody else's, and these do nothing. */
export interface Delivery {
  readonly id: string;
  readonly body: string;
  /** 1 the first time; counts every time it was received, so that a consumer that died counts too. */
  readonly attempt: number;
  readonly sentAt: Date;
  /** Done: gone for good. */
  ack(): Promise<void>;
  /** Given back: visible again after `delayMs`. */
  release(delayMs: number): Promise<void>;
  /** To the dead letters, with the reason. */
  bury(reason: string): Promise<void>;
  /** Hidden for another `visibilityMs` from now. */
  extend(visibilityMs: number): Promise<void>;
}

export interface DeadLetter {
  readonly id: string;
  readonly body: string;
  readonly attempt: number;
  readonly reason: string;
  readonly diedAt: Date;
}
