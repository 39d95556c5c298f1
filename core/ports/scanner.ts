import type { Buffer } from 'node:buffer';

/** No verdict is never a pass: a scanner that fails, hangs or answers nothing throws `Fault` `scanner-down`. */
export interface Scanner {
  scan(bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Verdict>;
  /** Who scans and with what, in one line, for the log and the ledger: `ClamAV 1.4.3/27801`. Throws as `scan`. */
  version(): Promise<string>;
}

export type Verdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly signature: string }
  /** The scanner looked and could not tell: too large, encrypted, a limit exceeded. */
  | { readonly kind: 'unscannable'; readonly reason: string };
