import { Buffer } from 'node:buffer';

/**
 * What the listener that relays a connection tells its owner of it, over a connection of the two that serves all such.
 * TCP alone does not do: the kernel of a listener that is killed ends its connections as if all had been said.
 */
export const tidings = ['began', 'client-ended', 'owner-ended', 'lost', 'alive'] as const;
export type Tiding = (typeof tidings)[number];

/** 16 bytes in base64url, as tokens are. */
const TOKEN_LENGTH = 22;
const RECORD_BYTES = 1 + TOKEN_LENGTH;

/**
 * The owner asks so often, in milliseconds, whether the listener that relays is there, and gives it up after so many
 * without a word: of a process that hangs, the kernel holds the connection. It does not say so unasked: while the network
 * between them is cut, nothing is then on its way here whose repetition, ever rarer, holds up the next report.
 */
export const ASK_MS = 15_000;
export const SILENT_MS = 60_000;
export const QUESTION = Buffer.of(1);
/** What the owner answers to each `began`, in order. */
export const NOTED = Buffer.of(2);

export interface Report {
  readonly tiding: Tiding;
  readonly token: string;
}

/** The answer; of no connection. */
export const ALIVE: Report = { tiding: 'alive', token: '-'.repeat(TOKEN_LENGTH) };

export const encodeReport = ({ tiding, token }: Report): Buffer =>
  Buffer.concat([Buffer.of(tidings.indexOf(tiding)), Buffer.from(token.slice(0, TOKEN_LENGTH), 'latin1')]);

/** All whole reports in order, and the bytes behind them. */
export function takeReports(bytes: Buffer): { readonly reports: readonly Report[]; readonly rest: Buffer } {
  const count = Math.floor(bytes.length / RECORD_BYTES);
  const reports = Array.from({ length: count }, (_, index) => {
    const at = index * RECORD_BYTES;
    const tiding = tidings[bytes[at]!] ?? 'lost';
    return { tiding, token: bytes.toString('latin1', at + 1, at + RECORD_BYTES) };
  });
  return { reports, rest: bytes.subarray(count * RECORD_BYTES) };
}
