/**
 * Who waits for which data connection. It may come to any listener; the one that did not expect it asks here who does.
 * An expectation is of one connection: of a port and a client's address there is never more than one, whether it is
 * expected from that address or from a network that holds it.
 */
export interface Expectations {
  /** Whether one may be put at the port at all now, as far as is known without asking: where not, nobody needs to try. */
  mayPut(port: number, forMs: number): boolean;
  /**
   * Notes that a connection is expected, for `forMs` at most. Answers false, and notes nothing, when one might be another's,
   * or may be for all that is known: the caller tries another port.
   */
  put(at: ExpectedPlace, who: Expecting, forMs: number): Promise<boolean>;
  /**
   * Who expects a connection there; of any number that ask exactly one is told. The place stays taken until it is
   * withdrawn: a next connection there could come to who waits for this one still.
   */
  take(at: DataPlace): Promise<Expecting | undefined>;
  /** The connection is expected no more. Does nothing when the token is not that of the expectation. */
  withdraw(at: ExpectedPlace, token: string): Promise<void>;
}

export interface DataPlace {
  /** The passive port that the client was told. */
  readonly port: number;
  /** The client's address. Of one that has several, there is a place for each of them and each network (`192.0.2.0/24`). */
  readonly client: string;
}

/** Where a connection is expected: from one address, or one of several. */
export interface ExpectedPlace extends DataPlace {
  /** Further addresses and networks that it may come from. */
  readonly others?: readonly string[];
  /** Networks that have an address in common with one of these, and from the whole of which others may expect one. */
  readonly within?: readonly string[];
}

export interface Expecting {
  /** Where the listener that expects it is reached, `HOST:PORT`. */
  readonly address: string;
  /** Known to that listener and to whoever takes the expectation; good for one connection. */
  readonly token: string;
}
