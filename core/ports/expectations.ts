/**
 * Who waits for which data connection. It may come to any listener; the one that did not expect it asks here who does.
 * An expectation is of one connection: of a port and a client's address there is never more than one.
 */
export interface Expectations {
  /**
   * Notes that a connection is expected, for `forMs` at most. Answers false, and notes nothing, when that place is
   * taken, or may be for all that is known: the caller tries another port.
   */
  put(at: DataPlace, who: Expecting, forMs: number): Promise<boolean>;
  /**
   * Who expects a connection there; of any number that ask exactly one is told. The place stays taken until it is
   * withdrawn: a next connection there could come to who waits for this one still.
   */
  take(at: DataPlace): Promise<Expecting | undefined>;
  /** The connection is expected no more. Does nothing when the token is not that of the expectation. */
  withdraw(at: DataPlace, token: string): Promise<void>;
}

export interface DataPlace {
  /** The passive port that the client was told. */
  readonly port: number;
  /** The client's address. Of one that has several, there is a place for each of them and each network (`192.0.2.0/24`). */
  readonly client: string;
}

export interface Expecting {
  /** Where the listener that expects it is reached, `HOST:PORT`. */
  readonly address: string;
  /** Known to that listener and to whoever takes the expectation; good for one connection. */
  readonly token: string;
}
