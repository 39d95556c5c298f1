import { Buffer } from 'node:buffer';

/** Characters of a file that a message shows at most. */
const MAX_SHOWN = 80;

/** A text from outside, fit to be shown on any terminal: printable ASCII, everything else as \xNN or \uNNNN. */
export function showText(text: string): string {
  const shown = text
    .slice(0, MAX_SHOWN)
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, (character) =>
      character === '\\' ? '\\\\' : escaped(character.charCodeAt(0)),
    );
  // Copied, because the beginning of a string keeps the whole of it in memory.
  const own = Buffer.from(shown, 'latin1').toString('latin1');
  return text.length > MAX_SHOWN ? `${own}...` : own;
}

const escaped = (code: number): string =>
  code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
