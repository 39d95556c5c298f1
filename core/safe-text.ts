/** Characters that could command a terminal, hide or reorder text; names come from partners. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with every unsafe character as \u{hex}, fit for a terminal. */
export const safeText = (text: string): string =>
  text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
