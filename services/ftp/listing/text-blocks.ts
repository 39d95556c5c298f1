import type { Buffer } from 'node:buffer';
import { onOneLine } from '../reply.ts';

/** Characters that go out in one write: a listing of 100,000 names is some hundred writes. */
const BLOCK_CHARACTERS = 32 * 1024;

/** Lines as blocks of text for the data connection, none longer than one line more than `BLOCK_CHARACTERS`. */
export async function* textBlocks(
  lines: AsyncIterable<string>,
  encode: (text: string) => Buffer,
): AsyncGenerator<Buffer> {
  let text = '';
  for await (const line of lines) {
    text += `${onOneLine(line)}\r\n`;
    if (text.length < BLOCK_CHARACTERS) continue;
    yield encode(text);
    text = '';
  }
  if (text !== '') yield encode(text);
}
