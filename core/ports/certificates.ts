/** A certificate with its chain, and its key, both PEM. */
export interface KeyPair {
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
  /** Host names that the certificate is for, in lower case; one may begin with `*.`. */
  readonly hosts: readonly string[];
}

/** What a server shows who it is by, in TLS. Answers from memory; the source reads again when it changes. */
export interface Certificates {
  /**
   * At least one; the first is for who asks for no host, or for one that has no certificate. The same list until
   * something has changed.
   */
  current(): readonly KeyPair[];
  close(): Promise<void>;
}
