import { expect } from 'vitest';
import type { FtpTalk } from './ftp-lab.ts';

/** A line, and what is answered: the code, or the whole reply, its lines joined by a line feed. */
export type Exchange = readonly [line: string, answer: number | string | RegExp];

/** Says the lines in order, and expects the answers. */
export async function follow(talk: FtpTalk, exchanges: readonly Exchange[]): Promise<void> {
  for (const [line, answer] of exchanges) {
    talk.send(`${line}\r\n`);
    const said = await talk.reply();
    if (typeof answer === 'number') expect(`${line}: ${said.slice(0, 3)}`).toBe(`${line}: ${answer}`);
    else if (typeof answer === 'string') expect(`${line}: ${said}`).toBe(`${line}: ${answer}`);
    else expect(said).toMatch(answer);
  }
}
