/** RFC 959, appendix II: a path in a 257 reply, its quotes doubled. */
export const quoted = (path: string): string => `"${path.replaceAll('"', '""')}"`;

/** `"a ""b""" 1 2` as `a "b"` and ` 1 2`; undefined when it begins with no quote, or with one that does not end. */
export function takeQuoted(text: string): { quoted: string; rest: string } | undefined {
  const match = /^"((?:[^"]|"")*)"(?!")/.exec(text);
  return match ? { quoted: match[1]!.replaceAll('""', '"'), rest: text.slice(match[0].length) } : undefined;
}

/** Words between spaces, those with spaces in quotes. Undefined where a quote does not end, or a word goes on after it. */
export function quotedWords(text: string): string[] | undefined {
  const words: string[] = [];
  for (let rest = text.trim(); rest !== ''; rest = rest.trimStart()) {
    const [plain = ''] = /^[^\s"]+/.exec(rest) ?? [];
    const taken = plain === '' ? takeQuoted(rest) : { quoted: plain, rest: rest.slice(plain.length) };
    if (!taken || /^\S/.test(taken.rest)) return undefined;
    words.push(taken.quoted);
    rest = taken.rest;
  }
  return words;
}
