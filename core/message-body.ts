import { Buffer } from 'node:buffer';
import { Fault } from './fault.ts';

/** Bytes of a body in UTF-8, as the queue's port has it. */
const MAX_BODY_BYTES = 256 * 1024;

/** The body's bytes in UTF-8. Throws `bad-argument` for what a queue could not keep as it is. */
export function bodyBytes(body: string): number {
  if (!body.isWellFormed()) throw new Fault('bad-argument', 'a message with lone surrogates');
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_BODY_BYTES) throw new Fault('bad-argument', `a message of ${bytes} bytes`);
  return bytes;
}
