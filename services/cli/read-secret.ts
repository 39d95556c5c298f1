import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Characters of a line on standard input. */
const MAX_LENGTH = 1024;

/** One line of standard input, without its end. On a terminal it asks for it on stderr and shows nothing typed. */
export async function readSecret(prompt: string): Promise<string> {
  const typed = process.stdin.isTTY === true;
  if (typed) process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: typed });
  try {
    return await new Promise((resolve) => {
      lines.once('line', (line) => resolve(line.slice(0, MAX_LENGTH)));
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    if (typed) process.stderr.write('\n');
  }
}
