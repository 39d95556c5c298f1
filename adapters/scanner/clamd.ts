import { Buffer } from 'node:buffer';
import { Fault } from '../../core/fault.ts';
import type { Scanner, Verdict } from '../../core/ports/scanner.ts';
import {
  askClamd,
  type ClamdAddress,
  type ClamdConnection,
  type ClamdTimeouts,
  connectToClamd,
} from './clamd-connection.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

const defaultTimeouts: ClamdTimeouts & { wholeMs: number } = {
  connectMs: 5 * SECOND_MS,
  stallMs: MINUTE_MS,
  replyMs: 15 * MINUTE_MS,
  wholeMs: 55 * MINUTE_MS,
};

/** `wholeMs` is for one scan from its beginning to its verdict, the time the store takes included. */
type ClamdOptions = ClamdAddress & Partial<typeof defaultTimeouts>;

/** Bytes of one INSTREAM chunk. */
const MAX_CHUNK_BYTES = 256 * 1024;

/** A scanner that streams to a clamd; a connection a scan, as INSTREAM sessions end with their reply. */
export function createClamdScanner(options: ClamdOptions): Scanner {
  const timeouts = { ...defaultTimeouts, ...options };

  return {
    async scan(bytes, signal) {
      const late = AbortSignal.timeout(timeouts.wholeMs);
      try {
        const connection = await connectToClamd(options, timeouts, AbortSignal.any([signal, late]));
        try {
          return await stream(bytes, connection);
        } finally {
          connection.close();
        }
      } catch (thrown) {
        if (thrown !== late.reason) throw thrown;
        throw new Fault('scanner-down', `no verdict within ${timeouts.wholeMs} ms`, { cause: thrown });
      }
    },

    async version() {
      const reply = await askClamd(options, 'VERSION', timeouts, AbortSignal.timeout(timeouts.wholeMs));
      if (!reply.startsWith('ClamAV ')) throw new Fault('scanner-down', `its version is "${cut(reply)}"`);
      // ClamAV 1.4.3/27801/Tue Nov 25 09:26:14 2026: the date says no more than the database's number.
      return cut(reply.split('/', 2).join('/'));
    },
  };
}

async function stream(bytes: AsyncIterable<Buffer>, clamd: ClamdConnection): Promise<Verdict> {
  await clamd.send(Buffer.from('zINSTREAM\0'));
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length && clamd.early === undefined; at += MAX_CHUNK_BYTES) {
      const piece = chunk.subarray(at, at + MAX_CHUNK_BYTES);
      await clamd.send(length(piece.length), piece);
    }
    if (clamd.early !== undefined) break;
  }
  const { early } = clamd;
  if (early === undefined) await clamd.send(length(0));
  const verdict = readVerdict(await clamd.reply());
  if (early !== undefined && verdict.kind === 'clean') {
    throw new Fault('scanner-down', 'it passed a file before it had all of it');
  }
  return verdict;
}

function length(bytes: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes);
  return header;
}

/**
 * All the replies that say something of the file; clamd(8) and libclamav's heuristics. The first row that matches
 * decides, and a reply that matches none is no verdict.
 */
const verdicts: readonly { reply: RegExp; verdict: (name: string) => Verdict }[] = [
  { reply: /^stream: OK$/, verdict: () => ({ kind: 'clean' }) },
  {
    reply: /^stream: Heuristics\.Limits\.Exceeded(\S*) FOUND$/,
    verdict: (limit) => ({
      kind: 'unscannable',
      reason: `the scanner's limits are exceeded (${limit.slice(1)})`,
    }),
  },
  {
    reply: /^stream: Heuristics\.Encrypted\.?(\S*) FOUND$/,
    verdict: (kind) => ({ kind: 'unscannable', reason: `it is encrypted (${kind})` }),
  },
  { reply: /^stream: (\S.*) FOUND$/s, verdict: (signature) => ({ kind: 'infected', signature }) },
  {
    reply: /^INSTREAM size limit exceeded\. ERROR$/,
    verdict: () => ({ kind: 'unscannable', reason: 'it is larger than the scanner takes' }),
  },
];

function readVerdict(reply: string): Verdict {
  for (const row of verdicts) {
    const match = row.reply.exec(reply);
    if (match) return row.verdict(cut(match[1] ?? ''));
  }
  throw new Fault('scanner-down', `it answered "${cut(reply)}"`);
}

/** For logs and reports: printable, at most 200 characters. */
const cut = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
