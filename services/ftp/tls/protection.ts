import type { SecureContext } from 'node:tls';
import type { Resumption } from './resumption.ts';

/** RFC 4217 §9: data connections in the clear, or private. */
export type ProtectionLevel = 'C' | 'P';

/** What a session has of TLS, from AUTH (or the start, in implicit FTPS) to its end or REIN. */
export interface Protection {
  /** Of this session's generation, for its host: data connections show the same certificate. */
  readonly context: SecureContext;
  readonly resumption: Resumption;
  /** SHA-256 of the client's certificate, lower-case hex. */
  readonly certificate: string | undefined;
  /** Whether the control connection is under TLS; after CCC no longer. */
  control: boolean;
  /** PBSZ was said, which PROT must follow (RFC 2228 §3). */
  sized: boolean;
  data: ProtectionLevel;
}
